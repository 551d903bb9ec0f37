"""What the command line says of a file: counts, then kinds of findings, then each with its place."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from quizapp.banks.formats.own.project import write_yaml
from tests.cast import tiny_content


@pytest.mark.once
def test_counts_stand_first_and_kinds_before_single_findings(app: Flask, tmp_path: Path) -> None:
    questions = [replace(each, explanation="", english=None) for each in tiny_content().questions]
    questions[0] = replace(questions[0], options=(*questions[0].options[:3], "A和B"))
    path = tmp_path / "a.yaml"
    path.write_text(write_yaml(replace(tiny_content(), questions=tuple(questions))))
    result = app.test_cli_runner().invoke(args=["banks", "check", str(path)])
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[:6] == [
        "a.yaml: 可以导入，有提醒. 没有错误，有 15 处提醒。可以导入，建议先看一遍。",
        "14 题 questions",
        "  单选题 7, 多选题 3, 判断题 4",
        "  容易 4, 中等 5, 较难 5",
        "  T01 7, T02 7",
        "  14 × 没有解析 (explanation_missing)",
    ]
    assert lines[6].startswith("  1 × 选项 D 指向其他选项")
    assert lines[7].startswith("提醒 a.yaml 第 ")
    assert len(lines) == 7 + 15
