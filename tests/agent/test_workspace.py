"""agent.toml: what it may say, what is refused and with which words; secrets, time, places."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path
from typing import Any, ClassVar

import pytest
from deskhand.contract import Operation, Table, Tool
from deskhand.errors import UnavailableError, UsageError, WorkspaceError
from deskhand.plan import SQL_KEYWORDS
from deskhand.secret import is_secret_key, literal_secret, mask, resolve
from deskhand.settings import connection_name_fault, key_lines
from deskhand.workspace import Workspace, find_root, shipped_processes
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, field_validator

HEAD = '[workspace]\nname = "acme"\ntimezone = "Europe/Berlin"\n'


class ToyConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str
    password: str | None = None
    port: int = 1
    folder: str = "files"

    @field_validator("url")
    @classmethod
    def known_scheme(cls, url: str) -> str:
        if "://" not in url and "${" not in url and ":" not in url:
            raise ValueError("a URL has a scheme")
        return url


class Toy(Tool):
    """A tool that holds nothing; enough to see what it is opened with."""

    name = "toy"
    Config = ToyConfig
    operations: ClassVar[dict[str, type[Operation]]] = {}

    def __init__(self, config: Any, context: Any) -> None:
        super().__init__(config, context)
        if config.url.startswith("broken:"):
            raise OSError(f"no route to {config.url}")

    def fingerprint(self) -> str:
        return "1"

    def tables(self) -> list[Table]:
        return []

    def read(self, table: Table, columns: Any, where: Any = ()) -> Any:
        raise NotImplementedError

    def _make(self, kind: type[Operation]) -> Operation:
        raise NotImplementedError


class Mail(Toy):
    name = "email"
    operations: ClassVar[dict[str, Any]] = {"email.send": None, "email.reply": None}


TOOLS: dict[str, type[Tool]] = {"toy": Toy, "email": Mail, "spreadsheet": Toy}


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "agent.toml").write_text(text, encoding="utf-8")
    return folder


def load(folder: Path, text: str) -> Workspace:
    return Workspace.load(write(folder, text), tools=TOOLS)


def refused(folder: Path, text: str) -> WorkspaceError:
    with pytest.raises(WorkspaceError) as caught:
        load(folder, text)
    return caught.value


def toy(line: str = "", url: str = "toy:x") -> str:
    return f'{HEAD}[connections.box]\ntool = "toy"\nurl = "{url}"\n{line}\n'


# ---------------------------------------------------------------- finding and loading


def test_what_design_shows_loads(tmp_path: Path) -> None:
    workspace = load(
        tmp_path,
        HEAD
        + """
[connections.ledger]
tool = "toy"
url = "sqlite:///ledger.db"
[connections.files]
tool = "spreadsheet"
url = "x:"
folder = "papers"
[connections.mail]
tool = "email"
url = "maildir:mail"
password = "${env:MAIL_PASSWORD}"
[planner]
model = "local"
[policy."email.send"]
max_rows = 200
recipients = ["*@acme.example", "ledger.vendors.email"]
approve_when = "count(*) > 20"
""",
    )
    assert workspace.name == "acme"
    assert workspace.zone.key == "Europe/Berlin"
    assert list(workspace.connections) == ["ledger", "files", "mail"]
    assert workspace.files_root() == tmp_path.resolve() / "papers"
    rule = workspace.policy["email.send"]
    assert (rule.max_rows, rule.recipients) == (200, ("*@acme.example", "ledger.vendors.email"))
    assert rule.approve_when == "count(*) > 20"
    assert workspace.tool_classes["mail"] is Mail


def test_found_here_or_nearest_above(tmp_path: Path) -> None:
    write(tmp_path, HEAD)
    inner = write(tmp_path / "a", HEAD.replace("acme", "inner")) / "b" / "c"
    inner.mkdir(parents=True)
    assert Workspace.find(inner).name == "inner"
    assert Workspace.find(tmp_path).name == "acme"
    assert find_root(inner) == tmp_path / "a"


def test_not_found(tmp_path: Path) -> None:
    if find_root(tmp_path) is not None:
        pytest.skip("a workspace lies above the temporary folder")
    with pytest.raises(WorkspaceError, match=r"no agent\.toml in .* or above") as caught:
        Workspace.find(tmp_path)
    assert "agent init" in caught.value.mend


@pytest.mark.parametrize(("name", "what"), [("gone", "no such folder"), (".", r"holds no agent\.toml")])
def test_load_of_what_is_no_workspace(tmp_path: Path, name: str, what: str) -> None:
    with pytest.raises(WorkspaceError, match=what):
        Workspace.load(tmp_path / name)


def test_the_file_itself_may_be_named(tmp_path: Path) -> None:
    assert Workspace.load(write(tmp_path, HEAD) / "agent.toml").name == "acme"


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_bytes(b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())
    assert Workspace.load(tmp_path).name == "acme"


def test_without_a_time_zone_it_is_utc_and_said_so(tmp_path: Path) -> None:
    workspace = load(tmp_path, '[workspace]\nname = "acme"\n')
    assert workspace.zone.key == "UTC"
    assert not workspace.settings.timezone_given


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "line", "message", "mend"),
    [
        (HEAD + "[conections.x]\n", 4, "agent.toml knows no 'conections'", "'connections'"),
        (HEAD + 'timezon = "UTC"\n', 4, "[workspace] knows no 'timezon'", "'timezone'"),
        (HEAD + '[planner]\nmodle = "x"\n', 5, "[planner] knows no 'modle'", "'model'"),
        (HEAD + '[policy."email.send"]\nmax_row = 3\n', 5, "knows no 'max_row'", "'max_rows'"),
        (HEAD + '[policy."email.sned"]\nmax_rows = 3\n', 4, "no operation 'email.sned'", "'email.send'"),
        (HEAD + "[policy.email.send]\nmax_rows = 3\n", 4, "policy.email names no operation", '"email.send"'),
        (HEAD + '[policy."email.send"]\nmax_rows = "3"\n', 5, "max_rows must be a number", "max_rows = 200"),
        (HEAD + '[policy."email.send"]\nmax_rows = -1\n', 5, "max_rows must be a number", "max_rows = 200"),
        (HEAD + '[policy."email.send"]\nmax_rows = true\n', 5, "max_rows must be a number", "max_rows = 200"),
        (HEAD + '[policy."email.send"]\nrecipients = "a@b.c"\n', 5, "must be a list", "recipients = ["),
        (HEAD + '[policy."email.send"]\nrecipients = ["vendors"]\n', 5, "'vendors' is neither", "*@acme"),
        (HEAD + '[policy."email.send"]\napprove_when = 3\n', 5, "must be a condition", "count(*)"),
        ('[workspace]\nname = "a"\ntimezone = "Europe/Berln"\n', 3, "no time zone 'Europe/Berln'", "Europe/Berlin"),
        ('[workspace]\nname = "a"\ntimezone = "../etc"\n', 3, "no time zone '../etc'", ""),
        ("[workspace]\nname = 3\n", 2, "workspace.name must be a text", 'name = "…"'),
        ('[workspace]\nname = " "\n', 2, "workspace.name must be a text", 'name = "…"'),
        ('workspace = "acme"\n', 1, "workspace must be a table", "[workspace]"),
        ("", None, "[workspace] is missing", "[workspace]"),
        ("[workspace\n", 1, "this isn't TOML", "brackets"),
        (HEAD + "name = acme\n", 4, "this isn't TOML", "quotes"),
        (HEAD + 'name = "twice"\n', 4, "this isn't TOML", "each key once"),
        (toy("foldr = 3"), 7, "knows no 'foldr'", "'folder'"),
        (toy(url="nothing"), 6, "a URL has a scheme", ""),
        (toy('port = "many"'), 7, "[connections.box] port", ""),
        (HEAD + '[connections.box]\ntool = "toy"\n', 4, "[connections.box] lacks url", 'url = "…"'),
        (HEAD + "[connections.box]\nurl = 'toy:'\n", 4, "box doesn't say its tool", "tool ="),
        (HEAD + "[connections.box]\ntool = 'emial'\n", 5, "no tool 'emial' is installed", "'email'"),
        (HEAD + "[connections]\nbox = 3\n", 5, "connections.box must be a table", "[connections.box]"),
        (HEAD + "[connections.main]\ntool = 'toy'\nurl='x:'\n", 4, "can't be called 'main'", "letters"),
        (HEAD + "[connections.temp]\ntool = 'toy'\nurl='x:'\n", 4, "can't be called 'temp'", "letters"),
        (HEAD + "[connections.select]\ntool = 'toy'\nurl='x:'\n", 4, "a word of SQL", "letters"),
        (HEAD + "[connections.my-box]\ntool = 'toy'\nurl='x:'\n", 4, "'my-box' is not", "letters"),
        (HEAD + '[engine]\nurl = "postgresql://db/x"\n', 5, "url can't be chosen yet", "[engine]"),
        (toy('password = "hunter22"'), 7, "`password` holds a secret", "${env:BOX_PASSWORD}"),
        (toy("password = 12345"), 7, "`password` holds a secret", "${env:BOX_PASSWORD}"),
        (toy(url="imaps://me:hunter22@host"), 6, "the URL in `url` holds a password", "${env:BOX_URL}"),
        (toy(url="pg://me:hun/ter22@host/db"), 6, "the URL in `url` holds a password", "${env:BOX_URL}"),
        (toy(url="pg://host/db?password=hunter22"), 6, "holds a secret as a value, in `password=`", "${env:"),
        (toy('password = "${vault:x}"'), 7, "'${vault:x}' is no reference", "${env:NAME}"),
        (toy('password = "${env:}"'), 7, "names no environment variable", "${env:NAME}"),
        (toy('password = "${keyring:mail}"'), 7, "needs a service and a name", "${keyring:service/name}"),
        (HEAD + '[planner]\nmodel = "x"\napi_key = "hunter22"\n', 6, "`api_key` holds a secret", "${env:"),
        (HEAD + '[planner]\nmodel = "x"\napikey = 3\n', 6, "[planner] knows no 'apikey'", "api_key"),
    ],
)
def test_faults_name_line_and_mend(tmp_path: Path, text: str, line: int | None, message: str, mend: str) -> None:
    error = refused(tmp_path, text)
    problems = [p for p in error.problems if message in p.message] or [None]
    problem = problems[0]
    if problem is None:  # what stops the reading itself is one error
        assert message in error.message
        assert mend in error.mend
        assert error.where is not None
        assert error.where.line == line
    else:
        assert mend in problem.mend
        assert problem.where.line == line
        assert problem.where.file == str(tmp_path / "agent.toml")
    assert "hunter22" not in str(error)
    assert error.exit_code == 2


def test_names_that_differ_in_case_only(tmp_path: Path) -> None:
    two = "".join(f"[connections.{name}]\ntool = 'toy'\nurl = 'x:'\n" for name in ("Box", "box"))
    assert "differ only in case" in str(refused(tmp_path, HEAD + two))


def test_every_problem_at_once(tmp_path: Path) -> None:
    error = refused(tmp_path, toy('foldr = 1\npassword = "hunter22"') + "[nonsense]\n")
    assert {p.code for p in error.problems} == {"unknown-key", "literal-secret"}
    assert len(error.problems) >= 2
    error = refused(tmp_path, toy("foldr = 1\nport = 'x'"))
    assert [p.where.line for p in error.problems] == [7, 8]


def test_not_text(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_bytes(b"[workspace]\nname = '\xfc'\n")
    with pytest.raises(WorkspaceError, match=r"isn't UTF-8 text \(byte 21\)"):
        Workspace.load(tmp_path)


@pytest.mark.parametrize("name", sorted(SQL_KEYWORDS))
def test_no_connection_is_a_word_of_sql(name: str) -> None:
    assert connection_name_fault(name.upper()) is not None


@pytest.mark.parametrize("name", ["ledger", "files", "mail", "portal", "hr_2026", "_x", "database"])
def test_ordinary_names_are_fine(name: str) -> None:
    assert connection_name_fault(name) is None


def test_unknown_connection(tmp_path: Path) -> None:
    workspace = load(tmp_path, toy())
    with pytest.raises(WorkspaceError, match="no connection 'bxo'") as caught:
        workspace.connection("bxo")
    assert "'box'" in caught.value.mend
    assert workspace.connection("BOX").name == "box"


# ---------------------------------------------------------------- secrets


def test_references_wait_until_the_tool_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOX_PASSWORD", raising=False)
    workspace = load(tmp_path, toy('password = "${env:BOX_PASSWORD}"\nport = "${env:BOX_PORT}"'))
    with pytest.raises(WorkspaceError, match="connection box needs the environment variable BOX_PASSWORD"):
        workspace.open_tool("box", workspace.now())
    monkeypatch.setenv("BOX_PASSWORD", "hunter22")
    monkeypatch.setenv("BOX_PORT", "993")
    tool = workspace.open_tool("box", workspace.now())
    assert (tool.config.password, tool.config.port) == ("hunter22", 993)
    assert workspace.secrets() == {"hunter22"}
    monkeypatch.setenv("BOX_PORT", "many")
    with pytest.raises(WorkspaceError, match="port"):
        workspace.open_tool("box", workspace.now())
    monkeypatch.setenv("BOX_PASSWORD", "")
    with pytest.raises(WorkspaceError, match="BOX_PASSWORD, which is empty"):
        workspace.open_tool("box", workspace.now())


def test_a_secret_inside_a_url_is_encoded_and_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", "p@ss/w:rd")
    workspace = load(tmp_path, toy(url="broken://me:${env:PW}@host/db"))
    assert workspace.config("box").url == "broken://me:p%40ss%2Fw%3Ard@host/db"  # type: ignore[attr-defined]
    with pytest.raises(UnavailableError, match="connection box can't be opened") as caught:
        workspace.open_tool("box", workspace.now())
    assert "p%40ss" not in str(caught.value)
    assert "•••" in str(caught.value)


def test_a_whole_url_may_be_a_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOX_URL", "toy://me:hunter22@host/db")
    workspace = load(tmp_path, toy(url="${env:BOX_URL}"))
    assert workspace.config("box").url == "toy://me:hunter22@host/db"  # type: ignore[attr-defined]
    assert workspace.secrets() == {"hunter22"}
    before = workspace.digest("box")
    monkeypatch.setenv("BOX_URL", "toy://me:hunter23@host/db")
    assert workspace.digest("box") == before, "a digest is stored: it must not depend on the password"
    monkeypatch.setenv("BOX_URL", "toy://me:hunter23@other/db")
    assert workspace.digest("box") != before


@pytest.mark.parametrize(
    "key", ["password", "PASSWORD", "imap_password", "imapPassword", "api_key", "api-key", "apiKey", "token", "secret"]
)
def test_keys_that_hold_secrets(key: str) -> None:
    assert is_secret_key(key)
    assert literal_secret(key, "x") is not None
    assert literal_secret(key, "${env:X}") is None


@pytest.mark.parametrize(
    "key", ["key", "passenger", "tokens_per_mail", "secretary", "address", "compass", "password_file"]
)
def test_keys_that_hold_none(key: str) -> None:
    assert not is_secret_key(key)


@pytest.mark.parametrize(
    "url",
    [
        "imaps://host:993",
        "https://host:8080/a@b",
        "sqlite:///C:/data/a@b.db",
        "imaps://${env:USER}:${env:PW}@host",
        "imaps://me:${keyring:mail/me}@host:993",
        "${env:URL}",
        "https://me@host/",
        "maildir:mail",
    ],
)
def test_urls_without_a_literal_secret(url: str) -> None:
    assert literal_secret("url", url) is None


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=4))
def test_masking_leaves_no_known_secret(secret: str) -> None:
    if secret in "•••":
        return
    assert secret not in mask(f"before {secret} after", [secret]).removeprefix("before ").removesuffix(" after")


class TestKeyring:
    @pytest.fixture
    def ring(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        import keyring
        from keyring.backend import KeyringBackend

        class Memory(KeyringBackend):
            priority = 1

            def get_password(self, service: str, username: str) -> str | None:
                return {"mail/ap@acme": "hunter22"}.get(f"{service}/{username}")

            def set_password(self, service: str, username: str, password: str) -> None:
                raise NotImplementedError

        backend = Memory()
        monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
        return Memory

    def test_found(self, ring: Any) -> None:
        assert resolve({"p": "${keyring:mail/ap@acme}"}, where="mail") == {"p": "hunter22"}

    def test_missing(self, ring: Any) -> None:
        with pytest.raises(WorkspaceError, match="mail needs the keyring's entry mail/other") as caught:
            resolve("${keyring:mail/other}", where="mail")
        assert caught.value.mend == "Store it: keyring set mail other"

    def test_plain_text_keyring_is_refused(self, ring: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ring, "__module__", "keyrings.alt.file")
        with pytest.raises(WorkspaceError, match="plain text") as caught:
            resolve("${keyring:mail/ap@acme}", where="mail")
        assert "${env:NAME}" in caught.value.mend

    def test_no_keyring_on_this_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import keyring
        from keyring.backends.fail import Keyring

        backend = Keyring()
        monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
        with pytest.raises(WorkspaceError, match="keyring isn't there"):
            resolve("${keyring:mail/ap@acme}", where="mail")

    def test_package_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import sys

        monkeypatch.setitem(sys.modules, "keyring", None)
        with pytest.raises(WorkspaceError, match="package keyring isn't installed"):
            resolve("${keyring:mail/ap@acme}", where="mail")


# ---------------------------------------------------------------- time, places


def test_now(tmp_path: Path) -> None:
    workspace = load(tmp_path, HEAD)
    assert workspace.now("2026-03-12T09:00") == dt.datetime(2026, 3, 12, 9)
    assert workspace.now("2026-03-12") == dt.datetime(2026, 3, 12)
    assert workspace.now("2026-03-12T09:00Z") == dt.datetime(2026, 3, 12, 10)
    assert workspace.now("2026-07-12T09:00-04:00") == dt.datetime(2026, 7, 12, 15)
    clock = workspace.now()
    assert clock.tzinfo is None
    assert abs(clock - dt.datetime.now(workspace.zone).replace(tzinfo=None)) < dt.timedelta(seconds=5)


@pytest.mark.parametrize("text", ["tomorrow", "", "12.03.2026", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_now_that_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="is no time") as caught:
        load(tmp_path, HEAD).now(text)
    assert caught.value.exit_code == 64


def test_the_tool_is_told_where_it_is(tmp_path: Path) -> None:
    workspace = load(tmp_path, toy() + "[connections.papers]\ntool = 'spreadsheet'\nurl = 'x:'\nfolder = 'a/b'\n")
    now = dt.datetime(2026, 3, 12, 9)
    context = workspace.open_tool("BOX", now).context
    assert context.connection == "box"
    assert context.root == tmp_path.resolve()
    assert context.files == tmp_path.resolve() / "a/b"
    assert context.cache.is_dir()
    assert context.cache.is_relative_to(workspace.cache_dir)
    assert (context.zone.key, context.now) == ("Europe/Berlin", now)


def test_files_root_is_that_of_files(tmp_path: Path) -> None:
    both = "".join(
        f"[connections.{name}]\ntool = 'spreadsheet'\nurl = 'x:'\nfolder = '{name}-dir'\n" for name in ("a", "files")
    )
    assert load(tmp_path, HEAD + both).files_root() == tmp_path.resolve() / "files-dir"
    assert load(tmp_path, HEAD).files_root() is None


def test_state_is_the_owners_alone(tmp_path: Path) -> None:
    folder = load(tmp_path, HEAD).make_state_dir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_lines_of_keys() -> None:
    text = '[a]\nx = """\ny = 1\n"""\nz.w = 2\n[a."b.c"] # d\n\'q q\' = [\n 1,\n]\n'
    assert key_lines(text) == {
        ("a",): 1,
        ("a", "x"): 2,
        ("a", "z", "w"): 5,
        ("a", "b.c"): 6,
        ("a", "b.c", "q q"): 7,
    }


def test_shipped_processes_are_the_source_trees() -> None:
    root = Path(__file__).resolve().parents[2] / "processes"
    assert [p.name for p in shipped_processes()] == sorted(p.name for p in root.glob("*.yaml"))
