"""What every form has printed beside its blocks: title, how to fill it in, the two strips, the small print."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from papier.forms.definition import Address, FormDefinition, Language, Retention, Wording
from papier.forms.frame import MARK_MARGIN, MARK_SIZE, PageFrame
from papier.forms.layout import Box, Item, Rule, Text
from papier.forms.pieces import Piece, overlay, stack
from papier.forms.prose import drawn_text, line_metrics, set_text, set_wording
from papier.forms.shapes import SCHOOL_YEAR
from papier.forms.styles import BOX_GREY, CELL_GREY, HAIR_GREY, HELP_GREY, Style
from papier.forms.typefaces import RTL_LANGUAGES, text_width
from papier.forms.typography import french_typography
from papier.geometry import POINTS_PER_MM, RectMm

# Translations were made with care and read over by nobody whose language it is.
_TRANSLATED = Wording(
    {
        "fr": "Traduction sans valeur juridique, à relire : seul le texte français fait foi.",
        "en": "Translation without legal force, to be proofread: only the French text is binding.",
        "ar": "ترجمة بلا قيمة قانونية، قيد المراجعة: النص الفرنسي وحده هو المعتمد.",
        "tr": "Hukuki değeri olmayan, gözden geçirilecek çeviri: yalnızca Fransızca metin bağlayıcıdır.",
        "uk": "Переклад без юридичної сили, потребує вичитки: чинним є лише французький текст.",
    }
)
NO_LEGAL_BASIS = "Demande sans base légale particulière."
# White that the reader of the sheet number needs around it.
NUMBER_CLEAR = 2.0
# Below this a copier fills the counters of the letters.
MIN_STRIP_SIZE = 5.0


@dataclass(frozen=True, slots=True)
class _Instructions:
    """How to tick and how to write, in words and little drawings."""

    tick: tuple[str, ...]
    write: tuple[str, ...]


_CROSSED, _FILLED, _CELLS, _GAP = "\x01", "\x02", "\x03", "\x04"
# On a narrow coupon the same in fewer words.
SHORT_BELOW = 100.0
_SHORT_INSTRUCTIONS: dict[Language, _Instructions] = {
    "fr": _Instructions(
        ("Cochez", _CROSSED, "Erreur\u00a0: noircissez", _FILLED, "puis cochez l’autre."),
        ("CAPITALES, un caractère par case", _CELLS, "stylo noir ou bleu."),
    ),
    "en": _Instructions(
        ("Tick with a cross. Mistake: fill the box, tick another.",),
        ("CAPITALS, one character a cell, black or blue pen.",),
    ),
    "ar": _Instructions(
        ("ضع علامة ×. عند الخطأ املأ الخانة ثم اختر غيرها.",),
        ("أحرف لاتينية كبيرة، حرف في كل خانة، قلم أسود أو أزرق.",),
    ),
    "tr": _Instructions(
        ("Çarpı koyun. Hata: kutuyu karalayın, diğerini seçin.",),
        ("BÜYÜK HARF, kutuya bir karakter, siyah/mavi kalem.",),
    ),
    "uk": _Instructions(
        ("Хрестик. Помилка: зафарбуйте й позначте іншу.",),
        ("ВЕЛИКІ латинські літери, одна в клітинці, чорна чи синя ручка.",),
    ),
}
_INSTRUCTIONS: dict[Language, _Instructions] = {
    "fr": _Instructions(
        (
            "Cochez d’une croix",
            _CROSSED,
            _GAP,
            "Pour annuler, noircissez toute la case",
            _FILLED,
            "puis cochez la bonne.",
        ),
        ("Écrivez en CAPITALES, un caractère par case", _CELLS, "au stylo noir ou bleu."),
    ),
    "en": _Instructions(
        ("Tick with a cross. To cancel, fill the whole box, then tick the right one.",),
        ("Write in CAPITALS, one character a cell, in black or blue pen.",),
    ),
    "ar": _Instructions(
        ("ضع علامة × في الخانة. للإلغاء، املأ الخانة كلها ثم ضع العلامة في الخانة الصحيحة.",),
        ("اكتب بأحرف لاتينية كبيرة، حرف واحد في كل خانة، بقلم أسود أو أزرق.",),
    ),
    "tr": _Instructions(
        ("Çarpı koyarak işaretleyin. İptal için kutuyu tamamen karalayın, sonra doğrusunu işaretleyin.",),
        ("BÜYÜK HARFLE, her kutuya bir karakter, siyah veya mavi kalemle yazın.",),
    ),
    "uk": _Instructions(
        ("Позначайте хрестиком. Щоб скасувати, зафарбуйте клітинку повністю й позначте правильну.",),
        ("Пишіть ВЕЛИКИМИ латинськими літерами, один знак у клітинці, чорною або синьою ручкою.",),
    ),
}


def set_title(form: FormDefinition, style: Style, width: float) -> Piece:
    """The form's title, and under it what the form is for."""
    pieces = [set_wording(form.title, style, width, font="bold", size=style.title)]
    if form.summary is not None:
        pieces.append(
            dataclasses.replace(set_wording(form.summary, style, width, size=style.body, grey=HELP_GREY), before=0.3)
        )
    return dataclasses.replace(stack(pieces), name="title")


def set_instructions(style: Style, width: float) -> Piece:
    """How to tick, cancel and write, with little drawings, between two hairlines."""
    first = style.languages[0] if style.languages[0] in _INSTRUCTIONS else "fr"
    pieces: list[Piece] = []
    for language in (first, *(other for other in style.languages[1:] if other in _INSTRUCTIONS)):
        # Two lines that are read, in large print too, rather than three.
        texts = (_SHORT_INSTRUCTIONS if style.large or width < SHORT_BELOW else _INSTRUCTIONS)[language]
        for parts in (texts.tick, texts.write):
            if language in RTL_LANGUAGES:
                line = set_text(" ".join(parts), width, "arabic", style.help, grey=HELP_GREY)
            else:
                font = "regular" if language == first else "italic"
                line = _line_with_samples(parts, style, width, font)
            pieces.append(line if language in style.shown else Piece(line.height))
    body = stack(pieces)
    top = 1.0
    height = body.height + top + 0.9
    hair = (Rule(0.0, 0.0, width, 0.0, 0.2, HAIR_GREY), Rule(0.0, height, width, height, 0.2, HAIR_GREY))
    piece = overlay(body.moved(0.0, top), Piece(height, hair))
    return dataclasses.replace(piece, height=height, before=style.before_block * 0.7, name="instructions")


def set_small_print(form: FormDefinition, style: Style, width: float) -> Piece | None:
    """To whom the sheet goes, the articles it rests on, how long its digital copy is kept; None without any of them."""
    sentences = [_receiver(form)] if form.about is not None and not _has_window(form) else []
    sentences += [
        f"{drawn_text(law.text, 'fr').rstrip('.')} ({french_typography(law.source)})." for law in form.law if law.sure
    ]
    if form.about is not None and form.about.basis == "request":
        sentences.append(NO_LEGAL_BASIS)
    if form.retention is not None:
        sentences.append(f"Copie numérique gardée {retention_words(form.retention)}.")
        if form.retention.basis is not None:
            sentences.append(drawn_text(form.retention.basis, "fr").rstrip(".") + ".")
    pieces = []
    if len(style.languages) > 1:
        pieces.append(set_wording(_TRANSLATED, style, width, size=style.small, grey=HELP_GREY))
    if sentences:
        pieces.append(set_text(french_typography(" ".join(sentences)), width, "regular", style.small, grey=HELP_GREY))
    if not pieces:
        return None
    return dataclasses.replace(stack(pieces), before=style.before_block, name="small print")


def kept_for(retention: Retention | None) -> dict[str, Any]:
    """What a layout keeps of how long its copy is kept."""
    if retention is None:
        return {}
    limits = {"minimum": retention.minimum, "maximum": retention.maximum}
    return {
        "retention": retention.duration,
        "retention_basis": None if retention.basis is None else drawn_text(retention.basis, "fr"),
        "limits": {name: (limit.duration, limit.source) for name, limit in limits.items() if limit is not None},
    }


def _has_window(form: FormDefinition) -> bool:
    return any(isinstance(block, Address) for block in form.blocks)


def _receiver(form: FormDefinition) -> str:
    """To whom the sheet goes, for those that bear no address; empty where its guide does not say."""
    if form.about is None or not form.about.receiver.fr:
        return ""
    words = form.about.receiver.fr.rstrip(".")
    return f"Destinataire : {words[0].lower()}{words[1:]}."


def retention_parts(retention: Retention) -> list[tuple[int, str]] | None:
    """`P1Y6M` → [(1, "Y"), (6, "M")], in years, months, weeks and days; None for what is not such a duration."""
    found = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", retention.duration)
    if not found or not any(found.groups()):
        return None
    return [(int(count), unit) for count, unit in zip(found.groups(), "YMWD", strict=True) if count]


def retention_words(retention: Retention) -> str:
    """A duration in French: `P2Y` → "2 ans"; what is not ISO 8601 stands as it is."""
    if retention.duration == SCHOOL_YEAR:
        return "jusqu’à la fin de l’année scolaire"
    parts = retention_parts(retention)
    if parts is None:
        return retention.duration
    names = {"Y": ("an", "ans"), "M": ("mois", "mois"), "W": ("semaine", "semaines"), "D": ("jour", "jours")}
    return " et ".join(f"{count}\u00a0{names[unit][count > 1]}" for count, unit in parts)


def strip_items(form: FormDefinition, frame: PageFrame, page: int, pages: int, style: Style) -> tuple[Item, ...]:
    """What stands in words beside the number of the top strip: title, form, version, page n/N."""
    left = MARK_MARGIN + MARK_SIZE + 4.0
    number = frame.numbers[0]
    caption = "feuille n°"
    room = number.x - NUMBER_CLEAR - left
    identity = f"{form.form} · version {form.version} · page {page}/{pages}"
    title = drawn_text(form.title, "fr")
    middle = MARK_MARGIN + MARK_SIZE / 2
    items: list[Item] = []
    caption_width = text_width(caption, "regular", style.strip) + 3.0
    if not style.large and room - caption_width > text_width(identity, "regular", style.strip):
        items.append(
            Text(number.x - NUMBER_CLEAR - 0.3, number.bottom, caption, "regular", style.strip, HELP_GREY, "right")
        )
        room -= caption_width
    wanted = [(title, "bold"), (identity, "regular")]
    if style.large:
        wanted = [(identity, "regular")]
    elif text_width(identity, "regular", style.strip) > room:
        wanted = [(form.form, "bold"), (f"version {form.version} · page {page}/{pages}", "regular")]
    pitch = line_metrics("regular", style.strip)[0]
    baseline = middle - pitch * len(wanted) / 2 + line_metrics("regular", style.strip)[1]
    for index, (text, font) in enumerate(wanted):
        size, fitted = _fit(text, font, style.strip, room, style.large)
        items.append(Text(left, baseline + index * pitch, fitted, font, size, 0.15))
    return tuple(items)


def _fit(text: str, font: str, size: float, room: float, large: bool) -> tuple[float, str]:
    """The size at which the text fits, and the text itself, cut with an ellipsis when even the smallest is too wide."""
    least = size if large else MIN_STRIP_SIZE
    width = text_width(text, font, size)
    if width <= room:
        return size, text
    smaller = max(least, int(size * room / width * 10) / 10)
    while text and text_width(text + "…", font, smaller) > room and text_width(text, font, smaller) > room:
        text = text[:-1]
        if text_width(text + "…", font, smaller) <= room:
            return smaller, text.rstrip() + "…"
    return smaller, text


def _line_with_samples(parts: tuple[str, ...], style: Style, width: float, font: str) -> Piece:
    """Words and little drawings on as many lines as they need."""
    size = style.help
    side = 0.78 * size / POINTS_PER_MM * 1.18
    line_height, baseline = line_metrics(font, size)
    line_height = max(line_height, side + 0.9)
    space = text_width(" ", font, size)
    items: list[Item] = []
    x = y = 0.0
    run: list[str] = []
    run_start = 0.0

    def flush() -> None:
        if run:
            items.append(Text(run_start, y + baseline, " ".join(run), font, size, HELP_GREY))
            run.clear()

    for part in parts:
        if part == _GAP:
            x += 2 * space
            continue
        if part in (_CROSSED, _FILLED, _CELLS):
            taken = side * (3 if part == _CELLS else 1)
            flush()
            if x + taken > width:
                x, y = 0.0, y + line_height
            items += _sample(part, x + 0.3, y + baseline - side * 0.87, side, style)
            x += taken + 0.6 + space
            continue
        for word in part.split(" "):
            taken = text_width(word, font, size)
            if x + taken > width and x > 0:
                flush()
                x, y = 0.0, y + line_height
            if not run:
                run_start = x
            run.append(word)
            x += taken + space
        flush()
    return Piece(y + line_height, tuple(items))


def _sample(kind: str, x: float, y: float, side: float, style: Style) -> list[Item]:
    if kind == _CELLS:
        items: list[Item] = [Box(RectMm(x, y, side * 3, side), 0.2, CELL_GREY)]
        items += [Rule(x + side * place, y, x + side * place, y + side, 0.2, CELL_GREY) for place in (1, 2)]
        items += [
            Text(x + side * (place + 0.5), y + side * 0.8, letter, "regular", style.help, 0.15, "centre")
            for place, letter in enumerate("ZOÉ")
        ]
        return items
    box = RectMm(x, y, side, side)
    if kind == _FILLED:
        return [Box(box, 0.25, BOX_GREY, fill=0.1)]
    over = side * 0.14
    return [
        Box(box, 0.25, BOX_GREY),
        Rule(x + over, y + over, x + side - over, y + side - over, 0.4, 0.0),
        Rule(x + over, y + side - over, x + side - over, y + over, 0.4, 0.0),
    ]
