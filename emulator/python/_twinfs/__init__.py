# SPDX-License-Identifier: MIT
"""What the emulator's modules share. Applications import none of it."""
