"""On the path of a process, this sets its clock wrong by WRONG_CLOCK_HOURS; pauses stay as long as they are."""

import os
from datetime import UTC, datetime, timedelta

import time_machine

offset = timedelta(hours=float(os.environ["WRONG_CLOCK_HOURS"]))
time_machine.travel(datetime.now(UTC) + offset, tick=True).start()
