"""`clipforge tenants`: for the operators of an installation."""

from typing import Annotated, Literal

import typer

from clipforge_client.client import Client
from clipforge_client.commands.completion import tenant_ids
from clipforge_client.commands.operation import KeyArgument, print_keys
from clipforge_client.commands.options import AsJson, MatchOption
from clipforge_client.terminal import note, print_done, print_json, print_list, say

tenants = typer.Typer(
    help="Tenants, for operators: admins of the installation's own tenant.",
    no_args_is_help=True,
)
PlanName = Literal["business", "pro", "free"]
TenantArgument = Annotated[
    str,
    typer.Argument(metavar="TENANT", help="Id, such as ten_01h...", autocompletion=tenant_ids),
]
PLANS = "business, pro or free: limits, retention and priority."


@tenants.command("list")
def list_tenants(as_json: AsJson = False) -> None:
    """List all tenants."""
    with Client() as client:
        found = list(client.tenants())
    print_list(
        found,
        ("id", "plan", "name"),
        lambda one: (one.id, one.plan, one.name),
        nothing="There are no tenants.",
        as_json=as_json,
    )


@tenants.command("show")
def show_tenant(tenant_id: TenantArgument, as_json: AsJson = False) -> None:
    """Show one tenant."""
    with Client() as client:
        tenant = client.tenant(tenant_id)
    if as_json:
        print_json(tenant.model_dump(mode="json"))
    else:
        say(f"{tenant.name}, with the plan {tenant.plan}")


@tenants.command("create")
def create_tenant(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose films they are.")],
    plan: Annotated[PlanName, typer.Option(metavar="PLAN", help=PLANS)] = "free",
    as_json: AsJson = False,
) -> None:
    """Make a tenant and print its id. It has no key yet."""
    with Client() as client:
        made = client.create_tenant(name, plan=plan)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        say(made.id)
        note(f"Give it a key: clipforge tenants key {made.id} NAME")


@tenants.command("edit")
def edit_tenant(
    tenant_id: TenantArgument,
    name: Annotated[str, typer.Option(metavar="NAME", help="Its new name.")] = "",
    plan: Annotated[
        PlanName | None, typer.Option(metavar="PLAN", show_default=False, help=PLANS)
    ] = None,
    if_match: MatchOption = "",
    as_json: AsJson = False,
) -> None:
    """Rename a tenant, or move it to another plan."""
    if not name and not plan:
        raise typer.BadParameter("Say what is to change, such as --plan.", param_hint="--plan")
    with Client() as client:
        edited = client.edit_tenant(tenant_id, name=name, plan=plan or "", if_match=if_match)
    if as_json:
        print_json(edited.model_dump(mode="json"))
    else:
        note(f"{edited.id} is called {edited.name}, with the plan {edited.plan}.")


@tenants.command("key")
def create_key(
    tenant_id: TenantArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, or what it is for.")],
    role: Annotated[
        Literal["user", "admin"],
        typer.Option(metavar="ROLE", help="user: make clips; admin: keys too."),
    ] = "user",
    as_json: AsJson = False,
) -> None:
    """Make a key for a tenant and print it. It is shown this once: keep it."""
    with Client() as client:
        made = client.create_tenant_key(tenant_id, name, role=role)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        say(made.key)
        revoke = f"clipforge tenants revoke {tenant_id} {made.id}"
        note(f"This is the only time it is shown. Revoke it: {revoke}")


@tenants.command("keys")
def list_keys(tenant_id: TenantArgument, as_json: AsJson = False) -> None:
    """List the keys of a tenant that are in use. What they open with is shown nowhere."""
    with Client() as client:
        print_keys(client.tenant_keys(tenant_id), as_json=as_json)


@tenants.command("revoke")
def revoke_key(tenant_id: TenantArgument, key_id: KeyArgument, as_json: AsJson = False) -> None:
    """Make a key of a tenant useless, for good."""
    with Client() as client:
        client.revoke_tenant_key(tenant_id, key_id)
    print_done(f"{key_id} is revoked.", as_json=as_json, id=key_id, revoked=True)
