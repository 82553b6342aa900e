"""What a recommendation of models depends on: this machine and the models on it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import psutil

from herdmate.engine.measured_steps import Measured, measured
from herdmate.models.discovery import Found, in_place, own
from herdmate.models.folder import model_folder
from herdmate.models.measured_speed import bytes_a_second, to_measure
from herdmate.models.recommend import BYTES_A_SECOND, Machine


def this_machine() -> Machine:
    """This machine as it is now; a process of its own looks at the graphics processors."""
    found = (*own(model_folder()), *in_place())
    return machine_of(found, measured(to_measure(found)))


def machine_of(found: Sequence[Found], known: Measured) -> Machine:
    """The machine with these models on it, of which this is known."""
    speed = bytes_a_second(found, known)
    here = frozenset(item.model.name for item in found if item.model)
    memory = psutil.virtual_memory().total
    return Machine(memory, known.gpu, free_disk(), speed or BYTES_A_SECOND, here)


def free_disk() -> int:
    """Bytes free where models are kept, or will be once there is such a folder."""
    place = next(item for item in (model_folder(), *model_folder().parents) if item.exists())
    return shutil.disk_usage(place).free
