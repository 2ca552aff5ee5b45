from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person who can sign in. What they may do is decided by Membership, project by project."""
