"""From values to pages: the templates, the language they are in, and how an error looks."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from papier.checking.wording import reason_words
from papier.language import chosen_language, translate, translate_count, written_day


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("papier.desk"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["_"] = translate
    environment.globals["_n"] = translate_count
    environment.globals["language"] = chosen_language
    environment.filters["day"] = written_day
    environment.filters["moment"] = moment
    environment.filters["percent"] = percent
    environment.filters["reason_words"] = reason_words
    return environment


def render(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the language of whoever asked. A value that the template names and is not given is an error."""
    return HTMLResponse(_environment().get_template(template).render(**values), status)


def refuse(message: str, status: int = 403) -> HTMLResponse:
    """A page for a stranger: why nothing is shown, and the remedy; it names nothing of the office."""
    return render("refused.html", status, message=message)


def moment(value: str) -> str:
    """A time of the store (UTC, ISO 8601) as the clock on the wall shows it."""
    local = dt.datetime.fromisoformat(value).astimezone()
    return f"{written_day(local.date())} {local:%H:%M}"


def percent(probability: float) -> str:
    """A probability in whole percent, never rounded up to certainty."""
    return f"{min(99, int(probability * 100)) if probability < 1 else 100}\N{NO-BREAK SPACE}%"
