"""What the tests of the run store share: the two programs under test, and event files made by hand."""

import json
import os
import struct
import subprocess

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

BIN = os.environ["ABLATE_BIN"]


def number(value):
    """A number as our JSON has it, back as a float."""
    return float(value.replace("Infinity", "inf")) if isinstance(value, str) else value


def export(folder, bytes_per_poll=None):
    """Everything our reader finds in `folder`."""
    command = [os.path.join(BIN, "export_events"), str(folder)] + ([str(bytes_per_poll)] if bytes_per_poll else [])
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def write(folder, calls, first_step=0):
    """Has our writer make `calls` (see write_events.cpp)."""
    command = [os.path.join(BIN, "write_events"), str(folder), str(first_step)]
    subprocess.run(command, input=json.dumps(calls), text=True, check=True)


def frame(record):
    """A record as it lies in an event file."""
    head = struct.pack("<Q", len(record))
    return head + struct.pack("<I", masked_crc32c(head)) + record + struct.pack("<I", masked_crc32c(record))


def event(step=0, wall_time=0.0, **what):
    return frame(event_pb2.Event(step=step, wall_time=wall_time, **what).SerializeToString())


def version(text="brain.Event:2"):
    return event(file_version=text)


def start(step):
    return event(step, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START))


def summary(step, *values, wall_time=None):
    return event(step, 100.0 + step if wall_time is None else wall_time, summary=summary_pb2.Summary(value=values))


def metadata(plugin, data_class=0):
    return summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin), data_class=data_class
    )


def simple(tag, value, **more):
    return summary_pb2.Summary.Value(tag=tag, simple_value=value, **more)


def tensor(tag, plugin=None, shape=(), data_class=0, node_name="", dtype="DT_FLOAT", **lists):
    """A tensor value; `plugin` None leaves the metadata out."""
    proto = tensor_pb2.TensorProto(
        dtype=types_pb2.DataType.Value(dtype),
        tensor_shape=tensor_shape_pb2.TensorShapeProto(
            dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in shape]
        ),
        **lists,
    )
    value = summary_pb2.Summary.Value(tag=tag, node_name=node_name, tensor=proto)
    if plugin is not None:
        value.metadata.CopyFrom(metadata(plugin, data_class))
    return value
