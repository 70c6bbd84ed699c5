#!/usr/bin/env python3
"""Writes a model's folder, Mamba-1 or Mamba-2 in Hugging Face's layout, as a GGUF file that llama.cpp reads.

    Tests/ScoringBench/gguf_model.py --model DIR --precision bf16 --output model.gguf

It needs PyPI's gguf and numpy. The file has no tokenizer: token ids go in, as the benchmarks beside llama.cpp give them.
Projections and the embedding have the precision that is asked for, everything else is float32, as llama.cpp wants it.
"""

import argparse
import json
import re
import struct
from pathlib import Path

import gguf
import numpy

OF_MODEL = {"embeddings": "token_embd.weight", "embedding": "token_embd.weight", "norm_f": "output_norm.weight"}
OF_LAYER = {
    "norm.weight": "attn_norm.weight", "mixer.in_proj.weight": "ssm_in.weight", "mixer.conv1d.weight": "ssm_conv1d.weight",
    "mixer.conv1d.bias": "ssm_conv1d.bias", "mixer.x_proj.weight": "ssm_x.weight", "mixer.dt_proj.weight": "ssm_dt.weight",
    "mixer.dt_proj.bias": "ssm_dt.bias", "mixer.dt_bias": "ssm_dt.bias", "mixer.A_log": "ssm_a", "mixer.D": "ssm_d",
    "mixer.norm.weight": "ssm_norm.weight", "mixer.out_proj.weight": "ssm_out.weight",
}
PROJECTIONS = {"token_embd", "output", "ssm_in", "ssm_x", "ssm_dt", "ssm_out"}


def tensors(path):
    """Name and float32 values of every tensor of a safetensors file."""
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    stored = numpy.memmap(path, mode="r", offset=8 + length)
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        bytes_ = stored[first:last]
        if entry["dtype"] == "BF16":
            values = (bytes_.view("<u2").astype("<u4") << 16).view("<f4")
        else:
            values = bytes_.view({"F32": "<f4", "F16": "<f2"}[entry["dtype"]]).astype("<f4")
        yield name, values.reshape(entry["shape"])


def name_of(name):
    """llama.cpp's name of a tensor."""
    if layer := re.fullmatch(r"backbone\.layers\.(\d+)\.(.*)", name):
        return f"blk.{layer[1]}.{OF_LAYER[layer[2]]}"
    return "output.weight" if name == "lm_head.weight" else OF_MODEL[name.split(".")[1]]


def shaped(name, values, groups):
    """A tensor in the shape and with the values that llama.cpp keeps."""
    kind = name.split(".")[2 if name.startswith("blk.") else 0]
    if kind == "ssm_a":
        values = -numpy.exp(values)
    if kind == "ssm_conv1d" and values.ndim == 3:
        values = values[:, 0]
    if groups and kind in ("ssm_a", "ssm_d"):
        values = values[:, None]
    if groups and kind == "ssm_norm":
        values = values.reshape(groups, -1)
    return numpy.ascontiguousarray(values), kind in PROJECTIONS and name.endswith("weight")


def write(model, precision, output):
    shape = json.loads((Path(model) / "config.json").read_text())
    width, layers = shape["hidden_size"], shape["num_hidden_layers"]
    inner = width * shape.get("expand", 2)
    second = "num_heads" in shape
    writer = gguf.GGUFWriter(str(output), "mamba2" if second else "mamba")
    writer.add_context_length(1 << 20)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_block_count(layers)
    writer.add_vocab_size(shape["vocab_size"])
    writer.add_tokenizer_model("no_vocab")
    writer.add_ssm_conv_kernel(shape["conv_kernel"])
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_state_size(shape["state_size"])
    writer.add_ssm_time_step_rank(shape["num_heads"] if second else shape["time_step_rank"])
    if second:
        writer.add_ssm_group_count(shape["n_groups"])
    writer.add_layer_norm_rms_eps(shape["layer_norm_epsilon"])
    kind = gguf.GGMLQuantizationType.BF16
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16 if precision == "bf16" else gguf.LlamaFileType.ALL_F32)
    for path in sorted(Path(model).glob("*.safetensors")):
        for name, values in tensors(path):
            name = name_of(name)
            values, is_projection = shaped(name, values, shape["n_groups"] if second else 0)
            if precision == "bf16" and is_projection:
                writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
            else:
                writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the checkpoint's folder")
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--output", required=True, help="the file to write")
    options = parser.parse_args()
    write(options.model, options.precision, options.output)


if __name__ == "__main__":
    main()
