"""Reads and writes messages with Python's protobuf: one JSON object a line in, one a line out.

First line out: {type name: ["name=number", with "[]" if repeated, of its fields or enum values]} of everything it knows. Then, for each {"type", "bytes", "json"}: the
canonical bytes and the JSON form of the message in `bytes`, and the canonical bytes of the message in `json`.
"""

import base64
import importlib
import json
import pkgutil
import sys

from google.protobuf import descriptor_pool, json_format, message_factory

POOL = descriptor_pool.Default()


def load(name):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if module.name.endswith("_pb2"):
            importlib.import_module(module.name)


def known(descriptor, types):
    types[descriptor.full_name] = [f"{field.name}={field.number}{'[]' if field.is_repeated else ''}" for field in descriptor.fields]
    for nested in descriptor.nested_types:
        known(nested, types)
    for enum in descriptor.enum_types:
        types[enum.full_name] = [f"{value.name}={value.number}" for value in enum.values]


def wire(message):
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode()


def answer(request):
    new = message_factory.GetMessageClass(POOL.FindMessageTypeByName(request["type"]))
    parsed = new.FromString(base64.b64decode(request["bytes"]))
    printed = json_format.MessageToDict(parsed, preserving_proto_field_name=True)
    read = json_format.ParseDict(request["json"], new())
    return {"bytes": wire(parsed), "json": printed, "read": wire(read)}


def main():
    types = {}
    for root in ("envoy", "xds", "udpa"):
        load(root)
    for name in list(sys.modules):
        if name.endswith("_pb2"):
            file = getattr(sys.modules[name], "DESCRIPTOR", None)
            # proto2 with required fields, which a message at random does not have.
            if file and file.name == "google/protobuf/descriptor.proto":
                continue
            for descriptor in file.message_types_by_name.values() if file else ():
                known(descriptor, types)
            for enum in file.enum_types_by_name.values() if file else ():
                types[enum.full_name] = [f"{value.name}={value.number}" for value in enum.values]
    print(json.dumps(types), flush=True)
    for line in sys.stdin:
        try:
            print(json.dumps(answer(json.loads(line))), flush=True)
        except Exception as error:  # whatever it says is the answer
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)


main()
