"""From a form definition to its layout: blocks become measured pieces, pieces flow over pages.

Nothing here depends on the time or on the machine: the same definition always gives the same layout.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from papier.errors import LayoutError
from papier.forms.definition import (
    Address,
    Block,
    CombField,
    Field,
    FormDefinition,
    GridField,
    Heading,
    Language,
    LinesField,
    Notice,
    Office,
    PageBreak,
    PageFormat,
    Paragraph,
    Row,
    SignatureField,
    Space,
    TableField,
    TickField,
    TypedField,
)
from papier.forms.field_words import describe_fields
from papier.forms.frame import PageFrame, page_frame
from papier.forms.furniture import kept_for, set_instructions, set_small_print, set_title, strip_items
from papier.forms.layout import Box, Item, Layout, LayoutPage, Prefill, Zone
from papier.forms.pieces import Piece, beside, overlay, stack
from papier.forms.prose import WINDOW, set_address, set_heading, set_notice, set_paragraph, set_wording
from papier.forms.sheet_number import PAGE_GLYPHS
from papier.forms.styles import FRAME_GREY, OFFICE, TINT, Style, page_format, style_for
from papier.forms.zones.comb import set_comb
from papier.forms.zones.grid import set_grid
from papier.forms.zones.lines import set_lines
from papier.forms.zones.signature import set_signature
from papier.forms.zones.table import set_table
from papier.forms.zones.tick import set_tick
from papier.forms.zones.typed import set_typed
from papier.geometry import RectMm
from papier.language import translate as _

# The white between blocks, from comfortable to the least that still tells them apart; the first that saves a page wins.
TIGHTENING = (1.0, 0.8, 0.6, 0.45)
# Large print has more of it to begin with.
LARGE_TIGHTENING = (*TIGHTENING, 0.38)
# The sheet number has one character for the page.
MAX_PAGES = len(PAGE_GLYPHS)
# Coupons that are cut apart or filed in a card box: one page only.
SINGLE_PAGE = (PageFormat.A5_TWO_UP, PageFormat.A6)
# Millimetres that two lengths may differ by and still be called equal.
TOLERANCE = 1e-6
# A column of a row must hold a comb of two cells and a short word.
MIN_COLUMN_WIDTH = 14.0
# In large print blocks stand side by side only when their cells keep nearly their full size.
LARGE_ROW_SHRINK = 0.85


def lay_out(form: FormDefinition, large: bool = False, shown: tuple[Language, ...] | None = None) -> Layout:
    """Give every block of `form` its place; raises LayoutError when one does not fit, naming it and the excess in mm.

    `large`: large print, at least 16 points; coupons take an A4 page. `shown`: print only these of the form's
    languages, everything staying where it is when all are printed.
    """
    paper = page_format(form, large)
    width, height = paper.size_mm
    frame = page_frame(width, height)
    style = style_for(form, large, shown)
    best: list[_Page] | None = None
    for factor in LARGE_TIGHTENING if large else TIGHTENING:
        pages = _Flow(form, style.tightened(factor), frame, paper).run()
        if best is None or len(pages) < len(best):
            best = pages
        if len(pages) == 1:
            break
    pages = best or []
    if len(pages) > 1 and paper in SINGLE_PAGE:
        raise LayoutError(_overflow(form, pages, paper))
    if len(pages) > MAX_PAGES:
        raise LayoutError(
            _("{form} ({path}) takes {count} pages, but a sheet has {max_pages} at most; make two forms of it.").format(
                form=form.form, path=form.path, count=len(pages), max_pages=MAX_PAGES
            )
        )
    demands, labels, options = describe_fields(form)
    return Layout(
        form=form.form,
        version=form.version,
        title=form.title.fr,
        size_mm=(width, height),
        pages=tuple(
            LayoutPage(
                number,
                tuple(page.zones),
                (*strip_items(form, frame, number, len(pages), style), *page.items),
                tuple(page.prefills),
            )
            for number, page in enumerate(pages, start=1)
        ),
        demands=demands,
        labels=labels,
        option_labels=options,
        large=large,
        two_up=paper is PageFormat.A5_TWO_UP,
        # A single page needs no back.
        recto_verso=form.recto_verso and len(pages) > 1,
        paper=form.paper,
        **kept_for(form.retention),
    )


@dataclasses.dataclass
class _Page:
    items: list[Item] = dataclasses.field(default_factory=list)
    zones: list[Zone] = dataclasses.field(default_factory=list)
    prefills: list[Prefill] = dataclasses.field(default_factory=list)
    content: float = 0.0  # the height of everything on it, white between included
    first: Piece | None = None

    def place(self, piece: Piece, x: float, y: float) -> None:
        placed = piece.moved(x, y)
        self.items += placed.items
        self.zones += placed.zones
        self.prefills += placed.prefills
        self.first = self.first or piece


class _Flow:
    """Sets the blocks of one form down the live area, page after page."""

    def __init__(self, form: FormDefinition, style: Style, frame: PageFrame, paper: PageFormat) -> None:
        self.form, self.style, self.frame, self.paper = form, style, frame, paper
        self.live = frame.live
        self.pages = [_Page()]
        self.y = self.live.y
        self.fresh = True  # nothing stands on this page yet

    def run(self) -> list[_Page]:
        live, form = self.live, self.form
        blocks = list(form.blocks)
        window = next((i for i, block in enumerate(blocks) if isinstance(block, Address)), None)
        title = set_title(form, self.style, live.width)
        if window is not None and self.paper is PageFormat.A4 and live.y + title.height > WINDOW.y:
            # Large print in two languages: the summary gives way to the envelope's window.
            title = set_title(dataclasses.replace(form, summary=None), self.style, live.width)
        self._place_all([title], live.x)
        numbers = _heading_numbers(blocks)
        if window is not None and self.paper is PageFormat.A4:
            self._place_window(blocks[:window], blocks[window], numbers)
            blocks = blocks[window + 1 :]
        elif form.instructions:
            self._place_all([set_instructions(self.style, live.width)], live.x)
        pieces = set_blocks(form, blocks, self.style, live.width, live.height, numbers)
        self._place_all(_with_signatures_held(pieces, live.height), live.x)
        small = set_small_print(form, self.style, live.width)
        if small is not None:
            self._place_at_bottom(small)
        return self.pages

    def _place_window(self, before: Sequence[Block], address: Block, numbers: dict[int, int]) -> None:
        """The window at its place; what comes before it, and how to fill the form in, at its left."""
        assert isinstance(address, Address)  # noqa: S101 - found by its type
        live = self.live
        title_bottom = self.y
        if title_bottom > WINDOW.y:
            raise LayoutError(
                _(
                    "block `address` ({path}:{line}) does not fit: the title reaches {value:.0f} mm into the "
                    "envelope window; shorten the title or the summary."
                ).format(path=self.form.path, line=address.line, value=title_bottom - WINDOW.y)
            )
        column = WINDOW.x - live.x - 8.0
        pieces = set_blocks(self.form, before, self.style, column, live.height, numbers)
        if self.form.instructions:
            pieces.append(set_instructions(self.style, column))
        self._place_all(pieces, live.x)
        if len(self.pages) > 1:
            raise LayoutError(
                _("block `address` ({path}:{line}) does not fit on the first page; move it up in the file.").format(
                    path=self.form.path, line=address.line
                )
            )
        self.pages[0].place(set_address(address, self.style), WINDOW.x, WINDOW.y)
        self.y = max(self.y, WINDOW.bottom)

    def _place_all(self, pieces: Iterable[Piece], x: float) -> None:
        for chunk in _chunks(pieces):
            if chunk[0].new_page:
                self._turn_page()
            needed = _chunk_height(chunk, self.fresh)
            if not self.fresh and self.y + needed > self.live.bottom + TOLERANCE:
                self._turn_page()
                needed = _chunk_height(chunk, fresh=True)
            for piece in chunk:
                self._place(piece, x)

    def _place(self, piece: Piece, x: float) -> None:
        if piece.new_page:
            return
        before = 0.0 if self.fresh else piece.before
        if self.y + before + piece.height > self.live.bottom + TOLERANCE and not self.fresh:
            self._turn_page()
            before = 0.0
        if self.fresh and piece.header is not None and len(self.pages) > 1:
            self._set_down(piece.header, x, 0.0)
        excess = self.y + before + piece.height - self.live.bottom
        if excess > TOLERANCE:
            raise LayoutError(
                _(
                    "block `{name}` ({path}:{line}) does not fit: {excess:.0f} mm too high for the page "
                    "({value}); shorten it, make it lower or split it."
                ).format(name=piece.name, path=self.form.path, line=piece.line, excess=excess, value=self.paper.value)
            )
        self._set_down(piece, x, before)

    def _set_down(self, piece: Piece, x: float, before: float) -> None:
        self.y += before
        self.pages[-1].place(piece, x, self.y)
        self.y += piece.height
        self.pages[-1].content += before + piece.height
        self.fresh = False

    def _turn_page(self) -> None:
        self.pages.append(_Page())
        self.y = self.live.y
        self.fresh = True

    def _place_at_bottom(self, piece: Piece) -> None:
        if self.y + piece.before + piece.height > self.live.bottom + TOLERANCE:
            self._turn_page()
        self.y = self.live.bottom - piece.height
        self._set_down(piece, self.live.x, 0.0)


def set_blocks(
    form: FormDefinition,
    blocks: Sequence[Block],
    style: Style,
    width: float,
    height: float,
    numbers: dict[int, int] | None = None,
) -> list[Piece]:
    """All pieces of `blocks` for a column of `width`; raises LayoutError naming the block that is too wide."""
    pieces: list[Piece] = []
    for block in blocks:
        try:
            pieces += _set_block(form, block, style, width, height, numbers or {})
        except LayoutError as error:
            message = str(error)
            if message.startswith("block `"):
                raise
            raise LayoutError(
                _("block `{block_name}` ({path}:{line}): {message}").format(
                    block_name=_block_name(block), path=form.path, line=block.line, message=message
                )
            ) from error
    return pieces


def _set_block(
    form: FormDefinition, block: Block, style: Style, width: float, height: float, numbers: dict[int, int]
) -> list[Piece]:
    match block:
        case Heading():
            return [set_heading(block, style, width, numbers.get(id(block)))]
        case Paragraph():
            return set_paragraph(block, style, width)
        case Notice():
            return [set_notice(block, style, width)]
        case Address():
            left = max(0.0, width - WINDOW.width)
            return [dataclasses.replace(set_address(block, style).moved(left, 0.0), before=style.before_block)]
        case Space():
            return [Piece(block.height, name="space", line=block.line, keep=block.same_page)]
        case PageBreak():
            return [Piece(0.0, new_page=True, name="page", line=block.line)]
        case TickField():
            return [set_tick(block, style, width)]
        case CombField():
            return [set_comb(block, style, width)]
        case LinesField():
            return [set_lines(block, style, width)]
        case SignatureField():
            return [set_signature(block, style, width)]
        case TypedField():
            return [set_typed(block, style, width)]
        case GridField():
            return _set_wide(lambda fitting: set_grid(block, fitting, width), style)
        case TableField():
            return _set_wide(lambda fitting: set_table(block, fitting, width), style)
        case Row():
            return _set_row(form, block, style, width, height)
        case Office():
            return _set_office(form, block, style, width, height)
    raise LayoutError(
        _("there is no way to set a {name}; use one of the block kinds of the schema.").format(
            name=type(block).__name__
        )
    )


def _set_wide(set_block: Callable[[Style], list[Piece]], style: Style) -> list[Piece]:
    """Set a grid or a table; where large print does not fit, with ordinary boxes and cells, then with broken words."""
    ordinary = {name: getattr(OFFICE, name) for name in ("tick", "tick_clear", "cell_width", "table_pad")}
    narrower = dataclasses.replace(style, **ordinary)
    attempts = [style, narrower, dataclasses.replace(narrower, break_words=True)] if style.large else [style]
    for attempt in attempts[:-1]:
        try:
            return set_block(attempt)
        except LayoutError:
            continue
    return set_block(attempts[-1])


def _set_row(form: FormDefinition, row: Row, style: Style, width: float, height: float) -> list[Piece]:
    """Side by side; in large print one below the other when the columns are too narrow."""
    gap = style.column_gap
    widths = row.widths or tuple(1.0 for _ in row.blocks)
    share = (width - gap * (len(row.blocks) - 1)) / sum(widths)
    columns: list[tuple[float, Piece]] = []
    if share * min(widths) < MIN_COLUMN_WIDTH and not style.large:
        raise LayoutError(
            _(
                "{count} blocks side by side do not fit: a column is {value:.0f} mm too narrow; put fewer in one row."
            ).format(count=len(row.blocks), value=MIN_COLUMN_WIDTH - share * min(widths))
        )
    x = 0.0
    column_style = style
    if style.large:
        column_style = dataclasses.replace(style, min_cell_width=style.cell_width * LARGE_ROW_SHRINK)
    try:
        for block, part in zip(row.blocks, widths, strict=True):
            columns.append((x, stack(set_blocks(form, [block], column_style, part * share, height))))
            x += part * share + gap
    except LayoutError:
        if not style.large:
            raise
        return _set_row_in_parts(form, row, style, width, height)
    name = _block_name(row)
    return [dataclasses.replace(beside(columns), name=name, line=row.line, keep=row.same_page)]


def _set_row_in_parts(form: FormDefinition, row: Row, style: Style, width: float, height: float) -> list[Piece]:
    """A row that is too wide for large print: its two halves one below the other, each as a row if that fits."""
    half = len(row.blocks) // 2
    if half < 2:
        return set_blocks(form, row.blocks, style, width, height)
    # Halves like each other keep one rhythm down the page; a last odd block goes with the second.
    halves = (row.blocks[:half], row.blocks[half:])
    widths = (row.widths[:half], row.widths[half:]) if row.widths else ((), ())
    return [
        piece
        for blocks, part in zip(halves, widths, strict=True)
        for piece in _set_row(form, dataclasses.replace(row, blocks=blocks, widths=part), style, width, height)
    ]


def _set_office(form: FormDefinition, office: Office, style: Style, width: float, height: float) -> list[Piece]:
    """A light frame under its title; without the frame when it must go over several pages."""
    pad = 3.5
    inner = set_blocks(form, office.blocks, style, width - 2 * pad, height)
    body = stack(inner)
    title = set_wording(office.title, style, width - 2 * pad, font="bold", size=style.help)
    band = title.height + 1.6
    whole = band + pad * 0.8 + body.height + pad
    if whole > height:
        first = dataclasses.replace(title, before=style.before_heading, keep=True, name="office", line=office.line)
        return [first, *(piece.moved(pad, 0.0) for piece in inner)]
    items: tuple[Item, ...] = (
        Box(RectMm(0.0, 0.0, width, band), stroke=0.0, fill=TINT),
        Box(RectMm(0.0, 0.0, width, whole), stroke=0.25, grey=FRAME_GREY),
    )
    framed = overlay(Piece(whole, items), title.moved(pad, 0.8), body.moved(pad, band + pad * 0.8))
    return [
        dataclasses.replace(framed, before=style.before_heading, name="office", line=office.line, keep=office.same_page)
    ]


def _with_signatures_held(pieces: Sequence[Piece], height: float) -> list[Piece]:
    """The pieces, each that comes before a signature kept with it: nobody signs a page that says nothing.

    Not where the two would take more than half of a page's `height`.
    """
    held = list(pieces)
    for at, (before, piece) in enumerate(itertools.pairwise(pieces)):
        signed = any(zone.kind == "signature" for zone in piece.zones)
        if signed and not before.new_page and before.height + piece.height < height / 2:
            held[at] = dataclasses.replace(before, keep=True)
    return held


def _chunks(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces that must stay together, in order; a page break stands alone."""
    chunk: list[Piece] = []
    for piece in pieces:
        if piece.new_page:
            if chunk:
                yield chunk
            yield [piece]
            chunk = []
            continue
        chunk.append(piece)
        if not piece.keep:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _chunk_height(chunk: Sequence[Piece], fresh: bool) -> float:
    return sum(p.height + (0.0 if fresh and not i else p.before) for i, p in enumerate(chunk))


def _heading_numbers(blocks: Sequence[Block]) -> dict[int, int]:
    """Numbers of the main headings by the block's identity; none when there is only one."""
    main = [block for block in blocks if isinstance(block, Heading) and block.level == 1]
    return {id(block): number for number, block in enumerate(main, start=1)} if len(main) > 1 else {}


def _block_name(block: Block) -> str:
    if isinstance(block, Field):
        return block.field
    if isinstance(block, Row):
        return " + ".join(_block_name(inner) for inner in block.blocks)
    return {"paragraph": "text"}.get(type(block).__name__.lower(), type(block).__name__.lower())


def _overflow(form: FormDefinition, pages: Sequence[_Page], paper: PageFormat) -> str:
    live = page_frame(*paper.size_mm).live
    excess = sum(page.content for page in pages) - live.height
    first = pages[1].first or Piece(0.0)
    return _(
        "block `{name}` ({path}:{line}) does not fit: the form is {excess:.0f} mm too high "
        "for its single page ({paper}); leave out a block or take a larger format."
    ).format(name=first.name, path=form.path, line=first.line, excess=max(excess, 1), paper=paper.value)
