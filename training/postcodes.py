"""Gather the postcodes of France: `papier/ocr/models/postcodes.txt`, the prior of combs of postcodes.

    python -m training.postcodes --communes communes.json --output papier/ocr/models/postcodes.txt

`communes.json` stands in the package @etalab/decoupage-administratif (MIT; data of INSEE and La Poste, Licence Ouverte
2.0): `npm install @etalab/decoupage-administratif`, folder `data`.
"""

import argparse
import json
from pathlib import Path

HEADER = """\
# Postcodes of the communes of France and its overseas territories (Base officielle des codes postaux, La Poste; Code
# officiel géographique, INSEE; Licence Ouverte 2.0), from @etalab/decoupage-administratif (MIT).
"""


def gather(communes: Path) -> list[str]:
    """Every postcode of a commune, sorted, each once."""
    rows = json.loads(communes.read_text("utf-8"))
    return sorted({code for row in rows for code in row.get("codesPostaux", ())})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--communes", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    codes = gather(arguments.communes)
    arguments.output.write_text(HEADER + "".join(f"{code}\n" for code in codes), "utf-8")
    print(f"{len(codes)} postcodes")


if __name__ == "__main__":
    main()
