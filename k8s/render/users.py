"""The NATS users of a cluster, as a part of nats.conf: k8s/dev/nats-users.conf.

Passwords are variables, which the server takes from its environment.
"""

from clipforge_contracts.permissions import users
from clipforge_standalone.servers.nats import user_line

HEAD = """# What each service may say and hear. Made by `make render` from the pipeline table: least
# permission, one user a service. Include it in nats.conf; the passwords come from the environment.
"""


def variable(user: str) -> str:
    """The environment variable with a user's password."""
    return f"NATS_{user.upper().replace('-', '_')}"


def users_conf() -> str:
    """The whole file."""
    lines = []
    for user, rights in users().items():
        quoted = user_line(user, f"${variable(user)}", rights)
        lines.append(quoted.replace(f'"${variable(user)}"', f"${variable(user)}"))
    return HEAD + "\n".join(["authorization {", "  users: [", *lines, "  ]", "}", ""])
