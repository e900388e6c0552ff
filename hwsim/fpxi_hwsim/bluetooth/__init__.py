"""A simulated panel's Bluetooth: a virtual radio, controllers paced by it, and what they carry.

Needs the extra `radio` (`pip install "fpxi[radio]"`); nothing else in the simulator does.
"""
