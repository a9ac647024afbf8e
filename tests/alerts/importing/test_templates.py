"""Azure's templates: log alerts, parameters, variables, and the expressions that people and Bicep's compiler write."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kqlog
from kqlog.alerts.importing import read_parameters, read_rules
from kqlog.alerts.importing.expression import evaluate
from kqlog.alerts.model import Aggregation, Comparison, Dimension
from kqlog.alerts.rules import read_file, rules_of
from kqlog.errors import QueryError

FILES = Path(__file__).parent / "files"
SAMPLE = Path(__file__).parents[3] / "sample_data"
TEMPLATE = (FILES / "template.json").read_text()


def rules(text: str, **parameters: object):
    return [one.rule for one in read_rules(text, "file", "alerts/file.json", parameters)]


def test_a_template():
    (cpu,) = rules(TEMPLATE, environment="test", withDisk=True)
    assert (cpu.name, cpu.display_name, cpu.description) == ("cpu-test", "CPU is high", "More than 90 %")
    assert (cpu.severity, cpu.enabled, cpu.stateful) == (2, True, True)
    assert (cpu.frequency, cpu.window, cpu.query_range) == (timedelta(minutes=5), timedelta(minutes=15), timedelta(days=1))
    assert cpu.resolve_after == timedelta(minutes=30)
    assert cpu.scopes[0].endswith("/providers/Microsoft.OperationalInsights/workspaces/logs-test")
    assert cpu.action_groups == ("ops",)
    assert cpu.custom_properties == {"runbook": "[https://wiki.contoso.example]"}
    assert cpu.tags == {"team": "web", "Email.Subject": "${data.essentials.alertRule} ${data.essentials.monitorCondition}"}
    (condition,) = cpu.conditions
    assert condition.query.split("\n")[0] == "Perf"
    assert (condition.operator, condition.threshold) == (Comparison.GREATER_OR_EQUAL, 90.0)
    assert (condition.aggregation, condition.measure) == (Aggregation.AVERAGE, "CounterValue")
    assert condition.dimensions == (Dimension("Computer", ("build-01",), False),)
    assert (condition.periods, condition.failing, condition.resource_column) == (4, 2, "_ResourceId")


def test_a_resource_whose_condition_holds_is_there_as_well():
    _, disk = rules(TEMPLATE, environment="live", withDisk=True, threshold=80)
    assert (disk.name, disk.mute, disk.stateful) == ("disk", timedelta(hours=1), False)


def test_parameters_are_in_a_file_beside_the_template(tmp_path):
    (tmp_path / "cpu.json").write_text(TEMPLATE)
    with pytest.raises(QueryError, match="the parameter 'environment' has no value") as raised:
        read_file(tmp_path / "cpu.json", kqlog.connect(SAMPLE))
    assert raised.value.line == 20
    (tmp_path / "cpu.parameters.json").write_text(
        json.dumps({"parameters": {"environment": {"value": "live"}, "threshold": {"value": 70}}})
    )
    (bound,) = read_file(tmp_path / "cpu.json", kqlog.connect(SAMPLE))
    assert (bound.name, bound.rule.conditions[0].threshold) == ("cpu-live", 70.0)


def test_a_single_resource_is_a_template():
    resource = json.loads(TEMPLATE)["resources"][1] | {"condition": True}
    resource["properties"]["scopes"] = []
    assert [one.name for one in rules(json.dumps(resource))] == ["disk"]


def test_resources_by_symbolic_names_and_of_nested_templates():
    template = json.loads(TEMPLATE)
    template["resources"] = {"a": template["resources"][0], "b": template["resources"][1]}
    assert [one.name for one in rules(json.dumps(template), environment="live", withDisk=True)] == ["cpu-live", "disk"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"kind": "LogAlert"', '"kind": "LogToMetric"', "rules of the kind LogToMetric are not offered"),
        ('"severity": 2', '"severity": 7', "'severity' is a whole number from 0 to 4"),
        ('"criteria": {\n\t\t\t\t\t"allOf"', '"source": {},\n"criteria": {\n\t\t\t\t\t"allOf"', "rules of apiVersion 2018-04-16 are not offered"),
        ('"Average"', '"Mean"', "'timeAggregation' cannot be 'Mean'"),
        ('"minFailingPeriodsToAlert": 2', '"minFailingPeriodsToAlert": 5', "so many failing periods there are not"),
        ('"evaluationFrequency": "PT5M",\n\t\t\t\t"windowSize": "PT15M"', '"windowSize": "PT15M"', "the field 'evaluationFrequency' is missing"),
        ("format('cpu-{0}'", "reference('cpu-{0}'", "the function reference() of templates is not offered"),
        ("variables('query')", "variables('quary')", "there is no variable 'quary'"),
        ('"skipQueryValidation"', '"skipQueryValidations"', "'skipQueryValidations' is not offered here"),
        ('"workspaceName": {"type": "string", "defaultValue": "[format(\'logs-{0}\', parameters(\'environment\'))]"}', '"workspaceName": {"type": "string", "defaultValue": "[parameters(\'workspaceName\')]"}', "name each other in circles"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(old, new, message):
    assert old in TEMPLATE
    with pytest.raises(QueryError) as raised:
        rules(TEMPLATE.replace(old, new), environment="test")
    assert message in raised.value.message and raised.value.line is not None


def test_a_template_without_alert_rules():
    with pytest.raises(QueryError, match="there is no alert rule in this template"):
        rules('{"$schema": "x", "resources": []}')


@pytest.mark.parametrize("text", ["{}", "name: a\ncriteria: {}", "[1, 2]", "just a text"])
def test_other_files_are_none(text):
    assert read_rules(text, "file", "alerts/file.yaml") is None


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[concat('a', 'b''c', string(1))]", "ab'c1"),
        ("[concat(createArray(1), createArray(2))]", [1, 2]),
        ("[format('{0}-{1}-{0}', 'a', 7)]", "a-7-a"),
        ("[if(equals(1, 1), 'yes', 'no')]", "yes"),
        ("[split('a,b', ',')[1]]", "b"),
        ("[createObject('Name', 'x').name]", "x"),
        ("[toLower(subscription().subscriptionId)]", "00000000-0000-0000-0000-000000000000"),
        ("[json('{\"a\": [1]}').a[0]]", 1),
        ("[take('abcdef', 3)]", "abc"),
        ("[coalesce(null(), 'b')]", "b"),
        ("[subscriptionResourceId('Microsoft.X/y', 'n')]", "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.X/y/n"),
        ("[resourceId('rg', 'Microsoft.X/y/z', 'n', 'm')]", "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.X/y/n/z/m"),
    ],
)  # fmt: skip
def test_expressions(expression, value):
    assert evaluate(expression, {}) == value


@pytest.mark.parametrize(
    "expression",
    ["[]", "[concat('a'", "[concat('a'))]", "['a' 'b']", "[utcNow()]", "[int('x')]", "[first()]", "[createArray()[0]]", "[" + "if(" * 80 + "]", "[#]", "[resourceId('a')]"],
)  # fmt: skip
def test_expressions_that_are_none(expression):
    with pytest.raises(QueryError) as raised:
        evaluate(expression, {})
    assert raised.value.code == "ALR001"


@given(st.text(alphabet="concat('{0}',)[].parms1 ", max_size=40))
def test_any_text_is_an_expression_or_an_error(text):
    try:
        evaluate(f"[{text}]", {})
    except QueryError as error:
        assert error.code == "ALR001"


@pytest.mark.parametrize("text", ["[]", "{}", '{"parameters": 1}', '{"parameters": {"a": 1}}'])
def test_files_of_parameters_that_are_none(text):
    with pytest.raises(QueryError, match="this is no file of parameters"):
        read_parameters(text)


def test_a_template_is_read_again_when_its_parameters_change(tmp_path):
    folder = tmp_path / "alerts"
    folder.mkdir()
    (tmp_path / "Perf.parquet").write_bytes(
        (SAMPLE / "Perf" / sorted(file.name for file in (SAMPLE / "Perf").iterdir())[0]).read_bytes()
    )
    (folder / "cpu.json").write_text(TEMPLATE)
    rules = rules_of(kqlog.connect(tmp_path))
    assert list(rules.broken) == [folder / "cpu.json"]
    for name in ("test", "staging"):
        (folder / "cpu.parameters.json").write_text(json.dumps({"parameters": {"environment": {"value": name}}}))
        assert rules.refresh()
        assert (list(rules.found), rules.broken) == ([f"cpu-{name}"], {})
    (folder / "other.json").write_text(TEMPLATE)
    (folder / "other.parameters.json").write_text((folder / "cpu.parameters.json").read_text())
    rules.refresh()
    assert list(rules.found) == ["cpu-staging"] and list(rules.broken) == [folder / "other.json"]
