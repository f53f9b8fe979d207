#!/bin/sh
# Train, calibrate and export the reader of hand-printed characters: run.sh DATA WORK OUTPUT [FONTS]
# One thread throughout; the steps that write other files of WORK may run beside one another.
set -eu
data=$1 work=$2 output=$3 fonts=${4:-}
export OMP_NUM_THREADS=1
mkdir -p "$work"
# Labels in dispute, by the model that ships.
python -m training.characters.clean --data "$data" --work "$work" --model papier/ocr/models/characters.onnx
python -m training.characters.sheets --data "$data" --work "$work" --sheets 600 --seed 3
python -m training.characters.draw --data "$data" --work "$work" --cells 200000
python -m training.characters.sheets --data "$data" --work "$work" --sheets 400 --seed 11
python -m training.characters.train --work "$work" --cells 4000000
python -m training.characters.sheets --data "$data" --work "$work" --sheets 60 --seed 2 --part validate
python -m training.characters.sheets --data "$data" --work "$work" --sheets 60 --seed 4 --part test
python -m training.characters.sheets --data "$data" --work "$work" --sheets 30 --seed 5 --part test --european
python -m training.characters.evaluate --data "$data" --work "$work" --output "$output"
# Whole combs: the second reader, how much it is heard, and how far both are to be trusted.
python -m training.characters.fields --data "$data" --work "$work" --sheets 200 --seed 1
python -m training.characters.fields --data "$data" --work "$work" --sheets 190 --only numbers --seed 31
python -m training.characters.fields --data "$data" --work "$work" --sheets 140 --only letters --seed 32
python -m training.characters.fields --data "$data" --work "$work" --sheets 120 --only numbers --seed 38
python -m training.characters.fields --data "$data" --work "$work" --sheets 140 --only letters --seed 39
python -m training.characters.fields --data "$data" --work "$work" --sheets 160 --only letters --seed 40
python -m training.characters.fields --data "$data" --work "$work" --sheets 160 --only letters --seed 42
python -m training.characters.fields --data "$data" --work "$work" --sheets 240 --only letters --seed 44
# Cells of handwriting fonts, where FONTS (training/lines/README.md) is given: the second reader learns from them too.
if [ -n "$fonts" ]; then
    python -m training.characters.draw --data "$data" --work "$work" --cells 100000 --seed 59 --fonts "$fonts"
    python -m training.characters.draw --data "$data" --work "$work" --cells 100000 --seed 60 --fonts "$fonts"
    python -m training.characters.draw --data "$data" --work "$work" --cells 200000 --seed 61 --fonts "$fonts"
fi
python -m training.characters.second --work "$work" --seed 71
python -m training.characters.second --work "$work" --seed 72
python -m training.characters.pair --work "$work" --model "$output" --output papier/ocr/models/second.onnx
# The first reader's curves that ship were fitted earlier, and kept: benchmarks/combs.md says why.
cp papier/ocr/models/combs.json "$work/combs-before.json"
python -m training.characters.trust --work "$work" --model "$output" --first "$work/combs-before.json" \
    --output papier/ocr/models/combs.json
