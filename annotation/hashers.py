from django.contrib.auth.hashers import Argon2PasswordHasher


class SmallArgon2(Argon2PasswordHasher):
    """Argon2id with OWASP's minimum profile: 19 MiB, 2 passes, 1 lane; about 40 ms a check."""

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1
