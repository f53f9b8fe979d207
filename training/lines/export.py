"""Write a trained network as ONNX: log-probabilities out, weights in half precision or eight bits, settings inside."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from papier.ocr.handwriting import ALPHABET, Calibration
from papier.ocr.line_decoding import Weighing
from papier.ocr.line_strips import HEIGHT
from training.lines.network import LineNetwork


class _LogProbabilities(nn.Module):
    def __init__(self, network: LineNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, ink: Tensor) -> Tensor:
        return self.network(ink).log_softmax(2)


def export_network(network: LineNetwork, path: Path) -> None:
    """`ink` (n, 1, HEIGHT, width) float32, 1 full ink → `columns` (n, width / 8, classes)."""
    module = _LogProbabilities(network.to(memory_format=torch.contiguous_format)).eval()
    torch.onnx.export(
        module,
        (torch.zeros(1, 1, HEIGHT, 320),),
        str(path),
        input_names=["ink"],
        output_names=["columns"],
        dynamic_axes={"ink": {0: "lines", 3: "width"}, "columns": {0: "lines", 1: "columns"}},
        opset_version=20,
        dynamo=False,
    )


def store_in_half(source: Path, target: Path) -> None:
    """Keep the weights as float16, widened when the file is loaded: half the size, the arithmetic as before."""
    model = onnx.load(source)
    initialisers, casts = [], []
    for item in model.graph.initializer:
        values = numpy_helper.to_array(item)
        if values.dtype == np.float32 and values.size > 256:
            name = f"{item.name}_half"
            initialisers.append(numpy_helper.from_array(values.astype(np.float16), name))
            casts.append(helper.make_node("Cast", [name], [item.name], to=TensorProto.FLOAT))
        else:
            initialisers.append(item)
    del model.graph.initializer[:]
    model.graph.initializer.extend(initialisers)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
    onnx.save(model, target)


def store_in_bytes(
    source: Path, target: Path, strips: list[npt.NDArray[np.uint8]], float_names: tuple[str, ...]
) -> None:
    """Eight-bit weights and activations, their ranges measured on `strips`; nodes named so stay as they are."""
    from onnxruntime.quantization import (  # noqa: PLC0415
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    class Strips(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(strips)

        def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
            strip = next(self.left, None)
            return None if strip is None else {"ink": strip.astype(np.float32)[None, None] / 255}

    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    quantize_static(
        str(prepared),
        str(target),
        Strips(),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "MatMul"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.Percentile,
        nodes_to_exclude=[node.name for node in onnx.load(prepared).graph.node if node.name.startswith(float_names)],
        extra_options={"CalibPercentile": 99.995},
    )
    prepared.unlink()


def write_settings(path: Path, weighing: Weighing, calibration: Calibration) -> None:
    model = onnx.load(path)
    del model.metadata_props[:]
    settings = {
        "weighing": {"language": weighing.language, "character": weighing.character, "beam": weighing.beam},
        "calibration": {
            "sharpness": calibration.sharpness,
            "weights": list(calibration.weights),
            "rest": calibration.rest,
        },
    }
    helper.set_model_props(model, {"alphabet": ALPHABET, "settings": json.dumps(settings)})
    onnx.save(model, path)
