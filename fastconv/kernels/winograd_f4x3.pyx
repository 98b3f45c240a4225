"""Winograd's F(4x4, 3x3): 4 x 4 outputs of a 3x3 kernel from 36 multiplications a channel instead of 144.

Source, plan and accuracy: _winograd.pyx and src/winograd/.
"""

from ._winograd import Winograd, refuse
from ._winograd import seconds as winograd_seconds

name = "winograd_f4x3"
bounded_as_direct = False


def supports(spec):
    return refuse(spec, 3)


def seconds(spec, isa):
    return winograd_seconds(spec, isa, name)


def bind(spec, isa, isa_name):
    return Winograd(spec, isa, isa_name, name)
