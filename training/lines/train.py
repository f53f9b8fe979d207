"""Fine-tune the published recogniser on French handwriting.

python -m training.lines.train DATA WORK --published MODEL.onnx
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from papier.ocr.handwriting import ALPHABET
from papier.ocr.line_strips import COLUMN, normalise_line
from simulator.edits import edit_distance
from training.lines.batches import Source, endless
from training.lines.lines_data import TRAIN, VALIDATE, Line, load_images, load_lines
from training.lines.network import LineNetwork, load_published

# Share of the batches' lines. Copiste is what papier reads: contemporary French by many hands.
SHARES = {"copiste": 0.60, "poilus": 0.09, "peraire": 0.04, "unipen-words": 0.09, "synthetic": 0.18}
# Consent phrases and page headings say the same on every page.
SELDOM = {"consent": 0.25, "header": 0.25}
WARM_UP_LINES = 2_000
# Half of the time goes into these, the largest maps; what they see, strokes and edges, changes little.
FROZEN = ("stem", "blocks.0.", "blocks.1.", "blocks.2.")
AVERAGING = 0.998


def main() -> None:
    arguments = _arguments()
    # A forked worker would wait for threads of OpenCV that only its parent has.
    cv2.setNumThreads(0)
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    sources, validation = load_sources(arguments.data, arguments.fonts, arguments.seed)
    network = load_published(arguments.published, dropout=0.1)
    if arguments.start:
        network.load_state_dict(torch.load(arguments.start))
    if arguments.freeze:
        for name, parameter in network.named_parameters():
            parameter.requires_grad = not name.startswith(FROZEN)
    network = network.to(memory_format=torch.channels_last)
    averaged = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(_groups(network, arguments.rate), weight_decay=0.02, betas=(0.9, 0.98))
    rates = [group["lr"] for group in optimiser.param_groups]
    batches = endless(sources, arguments.seed, arguments.workers)
    seen, started, reported, steps, losses = 0, time.monotonic(), 0.0, 0, []
    while True:
        minutes = (time.monotonic() - started) / 60
        progress = max(seen / arguments.lines, minutes / arguments.minutes)
        if progress >= 1:
            break
        batch = next(batches)
        factor = min(1.0, (seen + 100) / WARM_UP_LINES) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        loss = _loss(network, torch.from_numpy(batch.strips), batch.classes)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        steps, seen = steps + 1, seen + len(batch.classes)
        losses.append(loss.item())
        keep = min(AVERAGING, (1 + steps) / (10 + steps))
        with torch.no_grad():
            for mean, value in zip(averaged.parameters(), network.parameters(), strict=True):
                mean.lerp_(value, 1 - keep)
        if minutes - reported >= arguments.report_minutes:
            reported = minutes
            rate = greedy_error_rate(averaged, validation[:: arguments.thin])
            print(
                f"{minutes:.1f} min, {steps} steps, {seen} lines, loss {np.mean(losses[-200:]):.4f}, "
                f"validation CER {100 * rate:.2f} %",
                flush=True,
            )
            torch.save(averaged.state_dict(), arguments.work / "averaged.pt")
            torch.save(network.state_dict(), arguments.work / "network.pt")
    rate = greedy_error_rate(averaged, validation)
    print(f"end: {steps} steps, {seen} lines, {minutes:.1f} min, validation CER {100 * rate:.2f} %", flush=True)
    torch.save(averaged.state_dict(), arguments.work / "final.pt")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with lines/copiste.zip and the other collections")
    parser.add_argument("work", type=Path, help="folder for checkpoints")
    parser.add_argument("--published", type=Path, required=True, help="PP-OCRv6_rec_small.onnx of rapidocr 3.10")
    parser.add_argument("--fonts", type=Path, help="folder with handwriting fonts; without it, no synthetic lines")
    parser.add_argument("--start", type=Path, help="a checkpoint to go on from")
    parser.add_argument(
        "--freeze", action="store_true", help="keep the stem and the first three blocks: a third faster"
    )
    parser.add_argument("--lines", type=int, default=60_000, help="lines to train on")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="stop after this time, the rate annealed by then"
    )
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes that draw lines")
    parser.add_argument("--report-minutes", type=float, default=6)
    parser.add_argument("--thin", type=int, default=4, help="one in so many validation lines is read for each report")
    parser.add_argument("--seed", type=int, default=4)
    return parser.parse_args()


def load_sources(data: Path, fonts: Path | None, seed: int) -> tuple[list[Source], list[Line_Image]]:
    rng = np.random.default_rng(seed)
    sources, validation = [], []
    for name, share in SHARES.items():
        if name == "synthetic":
            continue
        archive = data / "lines" / f"{name}.zip"
        lines = load_lines(archive)
        chosen = [
            line for line in lines if line.part == TRAIN and rng.random() < SELDOM.get(line.kind, 1.0) and line.text
        ]
        sources.append(Source(name, share, load_images(archive, chosen), [line.text for line in chosen]))
        checked = [line for line in lines if line.part == VALIDATE and line.kind == "line"]
        validation += list(zip(checked, load_images(archive, checked), strict=True))
    if fonts is not None:
        from training.lines.synthetic import Writer  # noqa: PLC0415 - needs Pillow and fonts

        writer = Writer.load(fonts, [text for source in sources[:1] for text in source.texts])
        sources.append(Source("synthetic", SHARES["synthetic"], [], [], writer.draw))
    return sources, validation


Line_Image = tuple[Line, "np.ndarray[tuple[int, int], np.dtype[np.uint8]]"]


def _groups(network: LineNetwork, rate: float) -> list[dict[str, object]]:
    """The head is new, the stem well trained: each learns at its own rate."""
    head = [*network.head.parameters()]
    stem = [p for name, p in network.named_parameters() if name.startswith("stem")]
    known = {id(p) for p in (*head, *stem)}
    rest = [p for p in network.parameters() if id(p) not in known]
    return [{"params": head, "lr": 2 * rate}, {"params": rest, "lr": rate}, {"params": stem, "lr": 0.5 * rate}]


def _loss(network: LineNetwork, strips: Tensor, classes: list[list[int]]) -> Tensor:
    network.train()
    ink = (strips.float() / 255)[:, None].contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(ink)
    scores = logits.float().log_softmax(2).transpose(0, 1)
    lengths = torch.tensor([len(row) for row in classes])
    targets = torch.tensor([value for row in classes for value in row])
    widths = torch.full((len(classes),), scores.shape[0])
    loss = functional.ctc_loss(scores, targets, widths, lengths, reduction="none", zero_infinity=True)
    return loss.sum() / lengths.sum()


def greedy_error_rate(network: LineNetwork, lines: list[Line_Image]) -> float:
    """Characters wrong per character of `lines`, the best class of every column, without a language model."""
    network.eval()
    errors = total = 0
    for line, ink in lines:
        errors += edit_distance(read_greedily(network, ink), line.text)
        total += len(line.text)
    return errors / total


def read_greedily(network: LineNetwork, ink: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> str:
    strip = normalise_line(ink)
    if strip.shape[1] < COLUMN:
        return ""
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        best = network(torch.from_numpy(strip).float()[None, None] / 255)[0].argmax(1).tolist()
    return "".join(ALPHABET[k - 1] for i, k in enumerate(best) if k and (i == 0 or best[i - 1] != k))


if __name__ == "__main__":
    main()
