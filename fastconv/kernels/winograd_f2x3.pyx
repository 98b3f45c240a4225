"""Winograd's F(2x2, 3x3): 2 x 2 outputs of a 3x3 kernel from 16 multiplications a channel instead of 36.

Source, plan and accuracy: _winograd.pyx and src/winograd/.
"""

from ._winograd import Winograd, refuse
from ._winograd import seconds as winograd_seconds

name = "winograd_f2x3"
bounded_as_direct = False


def supports(spec):
    return refuse(spec, 3)


def seconds(spec, isa):
    return winograd_seconds(spec, isa, name)


def bind(spec, isa, isa_name):
    return Winograd(spec, isa, isa_name, name)
