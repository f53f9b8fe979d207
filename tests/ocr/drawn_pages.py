"""Drawn sheets and drawn scans of them with a known map, for tests of registration.

Nothing here looks like a real form; it has what registration stands on: marks, text-like clutter, boxes, combs, rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from papier.forms.frame import WINDOW_SIZE, page_frame
from papier.forms.layout import Layout, LayoutPage, Zone
from papier.geometry import MM_PER_INCH, FloatArray, RectMm
from papier.ocr.register import PrintedForm
from papier.ocr.scan import GreyImage, ScannedPage

CANVAS_DPI = 200.0


@dataclass(frozen=True)
class DrawnSheet:
    """A sheet drawn at CANVAS_DPI: its blank `face` and the same `filled` by a pen; where a person writes."""

    size_mm: tuple[float, float]
    face: GreyImage
    filled: GreyImage
    zones: tuple[RectMm, ...]

    def printed_form(self, *, marked: bool = True) -> PrintedForm:
        zones = tuple(Zone(f"q{i}", "tick", rect, option="oui") for i, rect in enumerate(self.zones))
        layout = Layout("essai/dessin", 1, "Essai", self.size_mm, (LayoutPage(1, zones),), marked=marked)
        return PrintedForm(layout, cv2.imencode(".png", self.face)[1].tobytes())


def draw_sheet(
    rng: np.random.Generator, size_mm: tuple[float, float] = (210.0, 297.0), *, marked: bool = True
) -> DrawnSheet:
    """A form of headings, tick lists, combs, tables and text."""
    k = CANVAS_DPI / MM_PER_INCH
    width, height = (round(length * k) for length in size_mm)
    face = np.full((height, width), 255, np.uint8)

    def rect(r: RectMm, grey: int, stroke: float | None) -> None:
        a, b = (round(r.x * k), round(r.y * k)), (round(r.right * k) - 1, round(r.bottom * k) - 1)
        cv2.rectangle(face, a, b, grey, -1 if stroke is None else max(1, round(stroke * k)))

    def text(x: float, y: float, length: int, mm: float = 2.4) -> float:
        words = " ".join(
            "".join(rng.choice(list("aeioulmnrstdpqcvbfghjABCDE"), rng.integers(2, 9))) for _ in range(length)
        )
        scale = mm * k / 21.0
        cv2.putText(
            face,
            words,
            (round(x * k), round(y * k)),
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            0,
            max(1, round(0.1 * mm * k)),
            cv2.LINE_AA,
        )
        return cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0] / k

    zones: list[RectMm] = []
    live = page_frame(*size_mm).live
    y = live.y + 6
    text(live.x + 20, y, 3, 4.5)
    while y < live.bottom - 20:
        y += float(rng.uniform(5, 9))
        kind = rng.integers(0, 5)
        text(live.x, y, int(rng.integers(2, 5)))
        if kind == 0:
            y += 3
            for column in range(int(rng.integers(2, 5))):
                box = RectMm(live.x + 5 + column * 38, y, 4.5, 4.5)
                if box.right + 12 < live.right:
                    rect(box, 0, 0.25)
                    text(box.right + 2, y + 3.6, 1)
                    zones.append(box)
            y += 5
        elif kind == 1:
            y += 3
            for cell in range(int(rng.integers(4, 20))):
                box = RectMm(live.x + 30 + cell * 6, y, 6, 8)
                if box.right < live.right:
                    rect(box, 120, 0.2)
                    zones.append(box)
            y += 10
        elif kind == 2:
            for _ in range(3):
                y += 9
                rect(RectMm(live.x, y, live.width, 0.2), 90, None)
            zones.append(RectMm(live.x, y - 27, live.width, 27))
            y += 2
        elif kind == 3:
            for _ in range(2):
                y += 4.5
                text(live.x, y, 6, 2.0)
        else:
            y += 4
            rect(RectMm(live.x, y, live.width, 12), 225, None)
            rect(RectMm(live.x, y, live.width, 12), 0, 0.3)
            text(live.x + 3, y + 6, 4)
            y += 13
    if marked:
        frame = page_frame(*size_mm)
        for mark in frame.marks:
            rect(mark, 0, None)
        inset = (frame.marks[0].width - WINDOW_SIZE) / 2
        rect(frame.marks[0].grown(-inset), 255, None)
        for box in frame.numbers:
            cv2.putText(
                face,
                "4F7K-2M9Q-8XTR/1",
                (round(box.x * k), round(box.bottom * k)),
                cv2.FONT_HERSHEY_DUPLEX,
                box.height * k / 22,
                0,
                2,
            )
    filled = face.copy()
    for zone in zones:
        if rng.random() < 0.5:
            scribble = rng.uniform(0, 1, (int(zone.width / 6) + 4, 2)) * [zone.width, zone.height] + [zone.x, zone.y]
            cv2.polylines(filled, [np.round(scribble * k).astype(np.int32)], False, 60, 3, cv2.LINE_AA)
    return DrawnSheet(size_mm, face, filled, tuple(zones))


@dataclass(frozen=True)
class Distortion:
    """The map from sheet millimetres to scan pixels: bend, then print scale, skew, shear and shift, then resolution."""

    dpi: float = 300.0
    scale: tuple[float, float] = (1.0, 1.0)
    skew: float = 0.0  # degrees, any
    shear: float = 0.0
    glass_mm: tuple[float, float] = (210.0, 297.0)
    centre_mm: tuple[float, float] = (105.0, 148.5)
    bend: Callable[[FloatArray], FloatArray] | None = field(default=None)  # sheet mm → displacement in mm

    def to_scan(self, points: npt.ArrayLike, size_mm: tuple[float, float]) -> FloatArray:
        given = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        bent = given if self.bend is None else given + self.bend(given)
        return np.asarray(
            ((bent - np.array(size_mm) / 2) @ self._linear().T + self.centre_mm) * (self.dpi / MM_PER_INCH)
        )

    def _linear(self) -> FloatArray:
        turn = np.radians(self.skew)
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        return np.asarray(rotation @ np.array([[self.scale[0], self.shear], [0.0, self.scale[1]]]))

    def scan_of(self, sheet: GreyImage, size_mm: tuple[float, float], onto: GreyImage | None = None) -> GreyImage:
        """What a scanner without noise sees; drawn on `onto` where given (several coupons on one glass)."""
        k = self.dpi / MM_PER_INCH
        width, height = (round(length * k) for length in self.glass_mm)
        # Every 8th pixel, enlarged: the map is smooth.
        xs, ys = np.meshgrid(np.arange(0, width + 8, 8) + 0.5, np.arange(0, height + 8, 8) + 0.5)
        where = np.column_stack([xs.ravel(), ys.ravel()]) / k
        flat = (where - self.centre_mm) @ np.linalg.inv(self._linear()).T + np.array(size_mm) / 2
        sheet_mm = flat
        if self.bend is not None:
            for _ in range(6):
                sheet_mm = flat - self.bend(sheet_mm)
        coarse = (sheet_mm * (CANVAS_DPI / MM_PER_INCH) - 0.5).reshape(*xs.shape, 2).astype(np.float32)
        affine = np.array([[1 / 8, 0, -0.0], [0, 1 / 8, -0.0]])
        full = cv2.warpAffine(
            coarse,
            affine,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        if self.dpi < CANVAS_DPI:
            sheet = np.asarray(cv2.GaussianBlur(sheet, (0, 0), 0.45 * CANVAS_DPI / self.dpi), dtype=np.uint8)
        paper = cv2.remap(
            sheet, full[..., 0], full[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=255
        )
        if onto is None:
            return np.asarray(paper, dtype=np.uint8)
        inside = cv2.remap(
            np.full_like(sheet, 255),
            full[..., 0],
            full[..., 1],
            cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=0,
        )
        return np.where(inside > 0, paper, onto).astype(np.uint8)


def feeder_bend(
    rng: np.random.Generator, height: float, stretch: float = 0.007, curl: float = 0.4
) -> Callable[[FloatArray], FloatArray]:
    """Stretch along y that varies by up to `stretch`, sideways wander, and a curl of up to `curl` millimetres."""
    constant, wave = stretch * rng.uniform(-0.5, 0.5), stretch * rng.uniform(0.2, 0.5)
    length, phase = rng.uniform(90, 300), rng.uniform(0, 6.28)
    wander, wander_phase = rng.uniform(0, curl), rng.uniform(0, 6.28)
    lift, lift_x, lift_y = rng.uniform(-curl, curl), rng.uniform(0.6, 1.4), rng.uniform(0, 6.28)

    def bend(points: FloatArray) -> FloatArray:
        x, y = points[:, 0], points[:, 1]
        turn = 2 * np.pi / length
        dy = constant * y + wave / turn * np.sin(turn * y + phase) + lift * np.sin(np.pi * lift_x * x / 210 + lift_y)
        dx = wander * np.sin(2 * np.pi * y / height + wander_phase) + 0.5 * lift * np.sin(np.pi * y / height)
        return np.column_stack([dx, dy])

    return bend


def office(rng: np.random.Generator, scan: GreyImage) -> GreyImage:
    """Tint, toner, blur, noise, light fall-off and JPEG."""
    white, black = rng.uniform(215, 252), rng.uniform(10, 60)
    grey = black + (white - black) / 255.0 * cv2.GaussianBlur(scan, (0, 0), rng.uniform(0.4, 1.0)).astype(np.float32)
    light = np.linspace(rng.uniform(0.85, 1), rng.uniform(0.85, 1), scan.shape[1], dtype=np.float32)[None, :]
    noise = np.empty(scan.shape, np.float32)
    cv2.setRNGSeed(int(rng.integers(1, 1 << 30)))
    cv2.randn(noise, np.zeros(1), np.full(1, rng.uniform(2, 6)))
    noisy = np.clip(grey * light + noise, 0, 255).astype(np.uint8)
    coded = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 90))])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def rough(rng: np.random.Generator, scan: GreyImage, dpi: float) -> GreyImage:
    """Stains, holes, dirt, a dark scanner border, a bad copy; 1-bit by threshold or dithering, or grey."""
    k = dpi / MM_PER_INCH
    height, width = scan.shape
    page = scan.astype(np.float32)
    for _ in range(int(rng.integers(0, 3))):  # coffee
        ring = np.zeros(scan.shape, np.float32)
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.circle(ring, centre, int(rng.uniform(15, 40) * k), 1.0, int(rng.uniform(2, 6) * k))
        page *= 1 - 0.4 * cv2.blur(ring, (int(k), int(k)))
    for _ in range(int(rng.integers(0, 200))):  # dirt
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.circle(page, centre, int(rng.uniform(0.1, 0.6) * k), float(rng.uniform(0, 120)), -1)
    if rng.random() < 0.5:  # punched holes that show the dark lid
        for y in (0.37, 0.63):
            cv2.circle(page, (int(11 * k), int(y * height)), int(3 * k), 30.0, -1)
    if rng.random() < 0.5:
        edge = int(rng.uniform(1, 4) * k)
        np.rot90(page, int(rng.integers(0, 4)))[:edge] = 15
    grey = office(rng, np.clip(page, 0, 255).astype(np.uint8))
    kind = rng.integers(0, 4)
    if kind == 0:
        return np.where(grey > int(rng.integers(110, 180)), 255, 0).astype(np.uint8)
    if kind == 1:
        matrix = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) * 16 + 8
        tiled = np.tile(matrix, (height // 4 + 1, width // 4 + 1))[:height, :width]
        return np.where(grey > tiled, 255, 0).astype(np.uint8)
    if kind == 2:  # copied twice
        copied = cv2.GaussianBlur(grey, (0, 0), 0.09 * k)
        copied = np.clip((copied.astype(np.float32) - 90) * 2.2, 0, 255)
        return office(rng, cv2.erode(copied, np.ones((2, 2))).astype(np.uint8))
    return grey


def cut_corner(rng: np.random.Generator, sheet: GreyImage, lid: int = 255) -> GreyImage:
    """One corner cut off by scissors, up to 12 % of the sheet."""
    height, width = sheet.shape
    a, b = rng.uniform(0.2, 0.49, 2)
    corner = np.array([[0, 0], [a * width, 0], [0, b * height]])
    if rng.random() < 0.5:
        corner[:, 0] = width - corner[:, 0]
    if rng.random() < 0.5:
        corner[:, 1] = height - corner[:, 1]
    cut = sheet.copy()
    cv2.fillPoly(cut, [np.round(corner).astype(np.int32)], lid)
    return cut


def scanned(pixels: GreyImage, dpi: float | None = None) -> ScannedPage:
    return ScannedPage("drawn.png", 1, pixels, dpi)
