from annotation import jobs

ROUTES = {name: {"queue": queue} for name, queue in jobs.QUEUES.items()}
