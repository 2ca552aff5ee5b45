from annotation import jobs

SCHEDULE = {
    "sweep": {"task": jobs.SWEEP, "schedule": 5.0, "options": {"expires": 5}},
    "tallies": {"task": jobs.TALLIES, "schedule": 60.0, "options": {"expires": 60}},
    "visits": {"task": jobs.FORGET, "schedule": 3600.0, "options": {"expires": 3600}},
}
