# SPDX-License-Identifier: BSD-3-Clause
"""Benchmarks of fastconv against the libraries people use today; see README.md in this folder."""
