"""Writing of vectors: numbers with 15 significant digits, so that the last
bit of a sum does not depend on the machine. Short values stay on one line."""

import json
import math

from datasets import VECTORS

WIDTH = 100


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, (bool, str)) or value is None:
        return value
    number = float(value)
    if math.isnan(number) or math.isinf(number):
        return None
    return int(number) if number.is_integer() else float(f"{number:.15g}")


def text(value, indent=""):
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if len(indent + line) <= WIDTH or not isinstance(value, (dict, list)):
        return line
    inner = indent + " "
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(k, ensure_ascii=False)}: {text(v, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + text(v, inner) for v in value) + f"\n{indent}]"


def write(name, content):
    VECTORS.mkdir(parents=True, exist_ok=True)
    (VECTORS / name).write_text(text(plain(content)) + "\n")
    print(f"{name} written")
