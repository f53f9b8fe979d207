"""Calibrate a trained network on the validation writers, export it, and report on writers that chose nothing.

    python -m training.characters.evaluate --data ../shared/data --work DIR --output papier/ocr/models/characters.onnx

Calibrated on what `sheets` and `fields` dumped for the part `validate`: cells as the product cuts them. The tables come
from `sheets --part test` and from cells drawn one by one, harsher (`cells.py`).
"""

import argparse
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from papier.ocr.characters import (
    ACCENTED,
    BLANK,
    CAPITALS,
    CLASSES,
    DIGITS,
    INDEX,
    NOISE,
    PUNCTUATION,
    CharacterReader,
    normalise,
)
from training.characters.cells import Cells, CellSimulator
from training.characters.clean import load_disputed, paste
from training.characters.export import export
from training.characters.glyphs import EMNIST, TEST, UNIPEN, Glyphs, european, european_hands, load_glyphs
from training.characters.network import CharacterNetwork
from training.characters.train import load_sheets, training_shares

LETTERS = CAPITALS + ACCENTED + PUNCTUATION
GROUPS = [
    [INDEX[character] for character in DIGITS],
    [INDEX[character] for character in LETTERS],
    [INDEX[BLANK]],
    [INDEX[NOISE]],
]
SEED = 7


class CalibratedNetwork(nn.Module):
    """uint8 planes (n, 2, 32, 32) → log-probabilities where all classes are equally likely beforehand.

    One temperature among digits, one among letters, one between the groups and a bias for each group: renormalised
    over digits, the answer is the softmax of the digits' logits at their own temperature.
    """

    def __init__(self, network: nn.Module, shares: Tensor, temperatures: Tensor) -> None:
        super().__init__()
        self.network = network
        self.prior = torch.log(shares)
        self.temperatures = temperatures

    def forward(self, cells: Tensor) -> Tensor:
        return calibrate(self.network(cells.float() / 255) - self.prior, self.temperatures)


def calibrate(logits: Tensor, temperatures: Tensor) -> Tensor:
    parts = []
    for number, group in enumerate(GROUPS):
        part = logits[:, group[0] : group[-1] + 1]  # the classes of a group stand together
        if number < 2:
            part = part / temperatures[number]
        parts.append(part)
    between = torch.cat([torch.logsumexp(part, 1, keepdim=True) for part in parts], 1)
    moved = between / temperatures[2] + temperatures[3:]
    joined = [part - between[:, i : i + 1] + moved[:, i : i + 1] for i, part in enumerate(parts)]
    return torch.log_softmax(torch.cat(joined, 1), 1)


def fit_temperatures(logits: Tensor, labels: Tensor) -> Tensor:
    """Temperatures among digits, among letters, between the groups, then a bias for each of the four groups (7,), by
    the likelihood of the labels, given how often each class stands among them.
    """
    counts = torch.bincount(labels, minlength=len(CLASSES)).float() + 1
    prior = torch.log(counts / counts.sum())
    scale, bias = torch.zeros(3, requires_grad=True), torch.zeros(len(GROUPS), requires_grad=True)
    optimiser = torch.optim.LBFGS([scale, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = nn.functional.cross_entropy(calibrate(logits, torch.cat([torch.exp(scale), bias])) + prior, labels)
        value.backward()
        return value

    optimiser.step(loss)
    return torch.cat([torch.exp(scale.detach()), bias.detach()])


def calibration_error(probabilities: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error over bins of equal size (Naeini et al. 2015, equal-mass)."""
    order = np.argsort(probabilities)
    parts = np.array_split(order, bins)
    return float(sum(len(part) * abs(probabilities[part].mean() - right[part].mean()) for part in parts) / len(order))


def written_cells(glyphs: Glyphs, characters: str, times: int, seed: int) -> tuple[Cells, NDArray[np.intp]]:
    """Every glyph of these characters written `times` times; the cells and their glyphs."""
    index = np.tile(np.flatnonzero(np.isin(glyphs.label, list(characters))), times)
    simulator = CellSimulator(glyphs, seed)
    parts = [simulator.write(glyphs.label[part], part) for part in np.array_split(index, max(len(index) // 128, 1))]
    return Cells(np.concatenate([part.ink for part in parts]), np.concatenate([part.label for part in parts])), index


def report_set(
    reader: CharacterReader, name: str, ink: NDArray[np.uint8], truth: NDArray[np.str_], allowed: str
) -> list[tuple[str, str]]:
    """Print top-1 and ECE among the allowed characters, and how many are taken for empty or struck out."""
    reading = reader.read(ink)
    among = np.exp(reading.among(allowed))
    best = np.array(list(allowed))[among.argmax(1)]
    right = best == truth
    lost = (reading.blank + reading.noise) > 0.5
    top3 = np.array([t in np.array(list(allowed))[o] for t, o in zip(truth, np.argsort(-among, 1)[:, :3], strict=True)])
    sure = among.max(1) > 0.99
    print(
        f"| {name} | {len(truth)} | {100 * right.mean():.2f} | {100 * top3.mean():.2f} | "
        f"{calibration_error(among.max(1).astype(float), right):.4f} | "
        f"{100 * sure.mean():.1f} / {100 * (~right[sure]).mean():.2f} | {100 * lost.mean():.2f} |"
    )
    return [(str(a), str(b)) for a, b in zip(truth[~right], best[~right], strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--network", type=Path, help="weights, else DIR/network.pt")
    parser.add_argument("--only-sheets", action="store_true", help="report on cells as the product cuts them, alone")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    everything = load_glyphs(arguments.data, arguments.work)
    disputed = load_disputed(arguments.work, len(everything))
    network = CharacterNetwork()
    network.load_state_dict(torch.load(arguments.network or arguments.work / "network.pt"))
    network.eval()
    export_calibrated(network, arguments.work, arguments.output)
    report_sheets(CharacterReader(arguments.output), arguments.work)
    if not arguments.only_sheets:
        report(CharacterReader(arguments.output), everything, disputed, arguments.data)
    print(f"size {arguments.output.stat().st_size / 1e6:.2f} MB")


def export_calibrated(network: CharacterNetwork, work: Path, output: Path) -> None:
    """Fit the temperatures on the validation writers; write the network to `output`, its layers in 8 bits."""
    # Anything in many hands, and what people write in one: the latter is what probabilities are for.
    some, more = load_sheets(work, "validate"), load_sheets(work, "validate", "fields")
    ink, label = np.concatenate([some[0], more[0]]), np.concatenate([some[1], more[1]])
    planes = np.concatenate([normalise(part) for part in np.array_split(ink, max(len(ink) // 128, 1))])
    with torch.no_grad():
        logits = torch.cat([network(torch.from_numpy(part).float() / 255) for part in np.array_split(planes, 64)])
    labels, shares = torch.from_numpy(label), torch.from_numpy(training_shares(work))
    print(f"validation, all classes: {100 * float((logits.argmax(1) == labels).float().mean()):.2f} %")
    temperatures = fit_temperatures(logits - torch.log(shares), labels)
    print(
        "temperatures among digits, among letters, between; biases", [round(float(value), 3) for value in temperatures]
    )
    calibrated = CalibratedNetwork(network, shares, temperatures).eval()
    export(calibrated, planes, work, output)


def report_sheets(reader: CharacterReader, work: Path) -> None:
    """The tables of cells as the product cuts them, test writers; European hands where `sheets` drew them."""
    print("| set | cells | top-1 % | top-3 % | ECE | above 0.99: % / wrong % | taken for empty or struck % |")
    mistakes: list[tuple[str, str]] = []
    for part, name in (("test", ""), ("european", ", European hands")):
        if not list(work.glob(f"sheets-{part}-*.npz")):
            continue
        ink, label = load_sheets(work, part)
        truth = np.array(CLASSES)[label]
        for kind, characters, allowed in (
            ("digits", DIGITS, DIGITS),
            ("1 and 7", "17", DIGITS),
            ("capitals", CAPITALS, CAPITALS),
            ("letters, accents, hyphen, apostrophe", LETTERS, LETTERS),
            ("accented", ACCENTED, LETTERS),
            ("hyphen, apostrophe", PUNCTUATION, LETTERS),
        ):
            chosen = np.isin(truth, list(characters))
            if part == "test" or characters in (DIGITS, "17"):
                wrong = report_set(reader, kind + name, ink[chosen], truth[chosen], allowed)
                mistakes += wrong if kind in ("digits", "capitals") and not name else []
        if part == "test":
            _report_empty(reader, ink, truth)
    print("worst:", ", ".join(f"{a}→{b} {n}" for (a, b), n in Counter(mistakes).most_common(40)))


def _report_empty(reader: CharacterReader, ink: NDArray[np.uint8], truth: NDArray[np.str_]) -> None:
    reading = reader.read(ink)
    best = np.array(CLASSES)[reading.log_probs.argmax(1)]
    character = np.char.str_len(truth) == 1
    for name, chosen in ((BLANK, truth == BLANK), (NOISE, truth == NOISE), ("character", character)):
        taken = best[chosen]
        shares = [(taken == BLANK).mean(), (taken == NOISE).mean(), (np.char.str_len(taken) == 1).mean()]
        print(f"{name}: {len(taken)} cells, as blank, noise, character %:", [round(100 * float(v), 2) for v in shares])
    print(
        f"ECE over all classes {calibration_error(np.exp(reading.log_probs.max(1)).astype(float), best == truth):.4f}"
    )


def report(reader: CharacterReader, everything: Glyphs, disputed: NDArray[np.bool_], data: Path) -> None:
    """Print the tables of the model card."""
    print("| set | cells | top-1 % | top-3 % | ECE | above 0.99: % / wrong % | taken for empty or struck % |")
    unipen = (everything.part == TEST) & (everything.source == UNIPEN)
    mistakes = []
    for name, mask in (("", unipen & everything.plausible & ~disputed), (", labels as they came", unipen)):
        glyphs = everything.where(mask)
        for kind, characters, times in (("digits", DIGITS, 4), ("capitals", CAPITALS, 2)):
            cells, index = written_cells(glyphs, characters, times, SEED + 1)
            wrong = report_set(reader, f"UNIPEN {kind}{name}", cells.ink, glyphs.label[index], characters)
            if not name:
                mistakes += wrong
                once = glyphs.where(np.isin(glyphs.label, list(characters)))
                ink = np.stack([paste(image) for image in once.images()])
                report_set(reader, f"… the same {kind} undisturbed", ink, once.label, characters)
            if not name and kind == "digits":
                shape = european(glyphs)[index]
                report_set(
                    reader, "… 1 with upstroke, 7 with bar", cells.ink[shape], glyphs.label[index][shape], DIGITS
                )
                hands = european_hands(glyphs)
                member = np.isin(glyphs.writer[index], hands)
                report_set(
                    reader,
                    f"… all digits of {len(hands)} European hands",
                    cells.ink[member],
                    glyphs.label[index][member],
                    DIGITS,
                )
    glyphs = everything.where(
        (everything.part == TEST) & everything.plausible & ~disputed & (everything.source == UNIPEN)
    )
    cells = CellSimulator(glyphs, SEED + 2).draw(24000)
    truth = np.array(CLASSES)[cells.label]
    letters = np.isin(truth, list(LETTERS))
    mistakes += [
        pair
        for pair in report_set(
            reader, "UNIPEN letters, accents, hyphen, apostrophe", cells.ink[letters], truth[letters], LETTERS
        )
        if not (pair[0] in CAPITALS and pair[1] in CAPITALS)
    ]
    accented = np.isin(truth, list(ACCENTED))
    report_set(reader, "… accented only", cells.ink[accented], truth[accented], LETTERS)
    marks = np.isin(truth, list(PUNCTUATION))
    report_set(reader, "… hyphen and apostrophe only", cells.ink[marks], truth[marks], LETTERS)
    glyphs = everything.where((everything.part == TEST) & (everything.source == EMNIST))
    for kind, characters in (("digits", DIGITS), ("capitals", CAPITALS)):
        cells, index = written_cells(glyphs, characters, 1, SEED + 3)
        report_set(reader, f"EMNIST {kind}, labels as they came", cells.ink, glyphs.label[index], characters)
    with np.load(data / "characters" / "usps.npz") as usps:
        ink = np.stack([paste(image) for image in usps["image"]])
        report_set(reader, "USPS digits, pasted", ink, usps["label"].astype("<U1"), DIGITS)
    reading = reader.read(
        (cells := CellSimulator(everything.where(unipen & everything.plausible & ~disputed), SEED + 4).draw(24000)).ink
    )
    truth = np.array(CLASSES)[cells.label]
    character = np.char.str_len(truth) == 1
    best = np.array(CLASSES)[reading.log_probs.argmax(1)]
    print("\nblank read as blank, as a character; noise as noise, as a character; character as blank, as noise (%):")
    print(
        [
            round(100 * float(value), 2)
            for value in (
                (best[truth == BLANK] == BLANK).mean(),
                (np.char.str_len(best[truth == BLANK]) == 1).mean(),
                (best[truth == NOISE] == NOISE).mean(),
                (np.char.str_len(best[truth == NOISE]) == 1).mean(),
                (best[character] == BLANK).mean(),
                (best[character] == NOISE).mean(),
            )
        ]
    )
    print(
        f"ECE over all classes {calibration_error(np.exp(reading.log_probs.max(1)).astype(float), best == truth):.4f}"
    )
    print("worst:", ", ".join(f"{a}→{b} {n}" for (a, b), n in Counter(mistakes).most_common(30)))
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 2:
        reader.read(cells.ink[:2048])
        count += 2048
    print(f"{count / (time.perf_counter() - began):.0f} cells a second, one thread, normalising included")


if __name__ == "__main__":
    main()
