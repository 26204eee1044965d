"""Findings as Prometheus reads them: one series per check and figure, never one per table or device.

Text format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable, Sequence

from iotistic.operations.doctor.model import Finding

__all__ = ["prometheus_text"]


def prometheus_text(findings: Sequence[Finding], database: str) -> str:
    """`iotistic_check_state` (0 skipped, 1 ok, 2 warn, 3 critical) and `iotistic_check_figure`, one line a series."""
    return "\n".join(
        [
            "# HELP iotistic_check_state What the check found: 0 skipped, 1 ok, 2 warn, 3 critical.",
            "# TYPE iotistic_check_state gauge",
            *(
                _line("iotistic_check_state", int(finding.state), check=finding.id, database=database)
                for finding in findings
            ),
            "# HELP iotistic_check_figure A number the check looked at.",
            "# TYPE iotistic_check_figure gauge",
            *_figures(findings, database),
            "",
        ]
    )


def _figures(findings: Sequence[Finding], database: str) -> Iterable[str]:
    for finding in findings:
        for name, value in finding.figures.items():
            yield _line("iotistic_check_figure", value, check=finding.id, figure=name, database=database)


def _line(name: str, value: float, **labels: str) -> str:
    told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{told}}} {value:g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
