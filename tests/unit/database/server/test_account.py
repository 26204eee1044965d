import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from iotistic.database.server.account import Account, blocking_folder, choose_account, require_reachable
from iotistic.database.server.errors import AccountUnusable, FolderUnreachable
from tests.support.accounts import current_account

ROOT = 0
STRANGER = Account(name="stranger", uid=54_321, gid=54_321, groups=(54_321,))


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others may reach, as pytest's own tmp_path is not."""
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


class Accounts:
    """A system with these accounts."""

    def __init__(self, **uids: int) -> None:
        self._accounts = [Account(name=name, uid=uid, gid=uid, groups=(uid,)) for name, uid in uids.items()]

    def __call__(self, key: str | int) -> Account | None:
        return next((each for each in self._accounts if key in {each.name, each.uid}), None)


def test_an_ordinary_user_runs_the_server_as_itself() -> None:
    assert choose_account(None, owner=None, uid=1000, find=Accounts(ada=1000, postgres=101)).name == "ada"


def test_an_ordinary_user_cannot_run_it_as_somebody_else() -> None:
    with pytest.raises(AccountUnusable, match="postgres"):
        choose_account("postgres", owner=None, uid=1000, find=Accounts(ada=1000, postgres=101))


def test_an_ordinary_user_may_name_itself() -> None:
    assert choose_account("ada", owner=1000, uid=1000, find=Accounts(ada=1000)).uid == 1000


def test_an_ordinary_user_cannot_start_on_another_users_data() -> None:
    with pytest.raises(AccountUnusable, match=r"belongs to bob, and you are ada"):
        choose_account(None, owner=1001, uid=1000, find=Accounts(ada=1000, bob=1001))


def test_a_user_without_an_account_is_told_what_initdb_needs() -> None:
    with pytest.raises(AccountUnusable, match=r"uid 1000.*no entry") as refusal:
        choose_account(None, owner=None, uid=1000, find=Accounts(ada=1001))
    assert "/etc/passwd" in (refusal.value.hint or "")


@pytest.mark.parametrize(
    ("accounts", "chosen"),
    [
        ({"iotistic": 900, "postgres": 101, "nobody": 65534}, "iotistic"),
        ({"postgres": 101, "nobody": 65534}, "postgres"),
        ({"nobody": 65534}, "nobody"),
    ],
)
def test_root_takes_the_first_account_that_exists(accounts: dict[str, int], chosen: str) -> None:
    assert choose_account(None, owner=None, uid=ROOT, find=Accounts(root=0, **accounts)).name == chosen


def test_root_takes_the_configured_account_before_any_other() -> None:
    assert choose_account("ada", owner=None, uid=ROOT, find=Accounts(ada=1000, iotistic=900)).name == "ada"


def test_root_takes_the_owner_of_existing_data_before_the_usual_ones() -> None:
    assert (
        choose_account(None, owner=65534, uid=ROOT, find=Accounts(iotistic=900, nobody=65534)).name
        == "nobody"
    )


@pytest.mark.parametrize("name", ["root", "ghost"])
def test_root_and_missing_accounts_cannot_be_configured(name: str) -> None:
    with pytest.raises(AccountUnusable, match=name):
        choose_account(name, owner=None, uid=ROOT, find=Accounts(root=0, postgres=101))


def test_a_configured_account_must_own_the_data() -> None:
    with pytest.raises(AccountUnusable, match=r"uid 101.*ada"):
        choose_account("ada", owner=101, uid=ROOT, find=Accounts(ada=1000, postgres=101))


@pytest.mark.parametrize("owner", [0, 4242])
def test_data_of_root_or_of_nobody_known_is_refused(owner: int) -> None:
    with pytest.raises(AccountUnusable):
        choose_account(None, owner=owner, uid=ROOT, find=Accounts(root=0, postgres=101))


def test_a_system_without_any_usual_account_is_told_to_make_one() -> None:
    with pytest.raises(AccountUnusable, match="nobody") as refusal:
        choose_account(None, owner=None, uid=ROOT, find=Accounts(root=0))
    assert "useradd" in (refusal.value.hint or "")


def test_the_first_folder_that_stops_a_stranger_is_named(place: Path) -> None:
    private = place / "private"
    inner = private / "inner"
    inner.mkdir(parents=True)
    private.chmod(0o700)
    assert blocking_folder(inner, STRANGER) == private.resolve()
    private.chmod(0o711)
    assert blocking_folder(inner, STRANGER) is None


def test_being_in_the_group_counts_before_being_anybody(place: Path) -> None:
    place.chmod(0o701)
    member = Account(name="member", uid=54_321, gid=1, groups=(1, place.stat().st_gid))
    assert blocking_folder(place, member) == place.resolve()
    place.chmod(0o710)
    assert blocking_folder(place, member) is None


def test_a_folder_that_is_yet_to_be_made_stops_nobody(place: Path) -> None:
    assert blocking_folder(place / "new" / "newer", STRANGER) is None


def test_an_unreachable_folder_is_refused_with_what_to_do(place: Path) -> None:
    place.chmod(0o700)
    with pytest.raises(FolderUnreachable, match=str(place)) as refusal:
        require_reachable(place, STRANGER)
    assert "--data-dir" in (refusal.value.hint or "")


def test_the_current_user_needs_no_bits(place: Path) -> None:
    require_reachable(place, current_account())


def test_the_current_user_has_no_privileges_to_drop() -> None:
    assert current_account().credentials == {}
    assert STRANGER.credentials == {"user": 54_321, "group": 54_321, "extra_groups": [54_321]}
