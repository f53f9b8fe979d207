"""Networks of characters as the product runs them: ONNX, their layers in 8 bits."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

OPSET = 17  # read by onnxruntime 1.17, the oldest we allow
QUANTISED_ON = 4096  # cells whose activations set the ranges of 8 bits
LAYERS = ("Conv", "Gemm", "MatMul", "MaxPool", "Relu", "Reshape")


class Planes(CalibrationDataReader):
    """Gives the quantiser planes in batches."""

    def __init__(self, planes: NDArray[np.uint8]) -> None:
        self.batches = iter(np.array_split(planes, max(len(planes) // 256, 1)))

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        batch = next(self.batches, None)
        return None if batch is None else {"cells": batch}


def export(
    network: nn.Module, planes: NDArray[np.uint8], work: Path, output: Path, layers: Sequence[str] = LAYERS
) -> None:
    """Write the network, of `cells` (n, planes, 32, 32) uint8 to `log_probs`, to `output`, its layers in 8 bits.

    The ranges of 8 bits are those that `planes` use, and fixed: a cell's answer does not depend on its company.
    """
    exact, prepared = (work / f"{output.stem}-{name}.onnx" for name in ("exact", "prepared"))
    torch.onnx.export(
        network.eval(),
        (torch.from_numpy(planes[:2]),),
        str(exact),
        dynamo=False,
        opset_version=OPSET,
        input_names=["cells"],
        output_names=["log_probs"],
        dynamic_axes={"cells": {0: "n"}, "log_probs": {0: "n"}},
    )
    quant_pre_process(str(exact), str(prepared))
    quantize_static(
        str(prepared),
        str(output),
        Planes(planes[:: max(len(planes) // QUANTISED_ON, 1)]),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=list(layers),
    )
