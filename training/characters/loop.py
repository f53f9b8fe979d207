"""The loop that trains both readers: one cycle of the rate, averaged weights, a line of progress now and then."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

BATCH = 256
DECAY = 0.03  # of weights, AdamW
# Chunks between two lines of progress, at which the weights are saved.
SAVED_EVERY = 20

# Ink (n, height, width) and the labels (n,) of so many cells.
Drawn = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True)
class Course:
    """How a network is trained. `chunk`: cells drawn at a time; `rate`: at its peak, after the share `rise` of all
    steps; `average`: how much of the averaged weights stays at each step.
    """

    chunk: int
    rate: float
    rise: float
    average: float


def train_network(
    network: nn.Module,
    course: Course,
    cells: int,
    draw: Callable[[], Drawn],
    see: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    loss_of: Callable[[Tensor, Tensor], Tensor],
    output: Path,
) -> None:
    """Train on `cells` cells, a chunk at a time as `draw` gives them, and save the averaged weights to `output`.

    `see` changes a batch of ink and makes of it what the network sees.
    """
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    cv2.setNumThreads(1)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(course.average), use_buffers=True
    )
    chunks = cells // course.chunk
    optimiser = torch.optim.AdamW(network.parameters(), lr=course.rate, weight_decay=DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, course.rate, total_steps=chunks * course.chunk // BATCH + 1, pct_start=course.rise
    )
    began, running = time.time(), [0.0, 0.0]
    for chunk in range(chunks):
        ink, truth = draw()
        labels = torch.from_numpy(truth)
        for place in range(0, course.chunk, BATCH):
            planes = see(ink[place : place + BATCH])
            images = torch.from_numpy(planes).float().div_(255).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(images)
            loss = loss_of(logits.float(), labels[place : place + BATCH])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            average.update_parameters(network)
            running = [running[0] * 0.99 + float(loss.detach()), running[1] * 0.99 + 1]
        if chunk % SAVED_EVERY == SAVED_EVERY - 1 or chunk == chunks - 1:
            torch.save(average.module.state_dict(), output)
            done = (chunk + 1) * course.chunk
            print(f"cells {done}/{cells} loss {running[0] / running[1]:.3f} {time.time() - began:.0f} s", flush=True)
