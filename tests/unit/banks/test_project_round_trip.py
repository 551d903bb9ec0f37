"""What leaves as our own YAML or JSON comes back as the same bank."""

import json

from hypothesis import given, settings

from quizapp.banks.checking.checks import check_source
from quizapp.banks.content import BankContent, content_digest, content_to_json
from quizapp.banks.formats.own.project import write_yaml
from quizapp.banks.reading import read_upload
from tests.unit.banks.whole_contents import contents


@settings(max_examples=20, deadline=None)
@given(contents())
def test_what_goes_out_comes_back_with_the_same_digest(content: BankContent) -> None:
    for name, text in (("a.yaml", write_yaml(content)), ("a.json", json.dumps(content_to_json(content)))):
        source = read_upload(name, text.encode())
        assert source.findings == ()
        assert content_digest(check_source(source).content) == content_digest(content)
