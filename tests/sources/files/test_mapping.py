"""A mapping file is read strictly, and a mistake in it is answered with its place and what would work."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecombi.errors import MappingError
from ecombi.sources.files import FileSource, find_mapping, mapping_names, parse_mapping, read_mapping
from tests.etl.workbench import PROJECT_MAPPINGS, SALES


def changed(old: str, new: str) -> str:
    assert old in SALES
    return SALES.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("currency: EUR", "curency: EUR", "shop.yml, shop: Unknown key 'curency'. Did you mean 'currency'?"),
        ("currency: EUR", "currency: euro", "shop.yml, shop › currency: String should match pattern '^[A-Z]{3}$'."),
        ("Europe/Berlin", "Europe/Berlino", "Unknown time zone 'Europe/Berlino'"),
        ("kind: sale", "kind: sail", "rows › 1 (ledger) › kind: There is no kind 'sail'. Did you mean 'sale'?"),
        ("table: ledger", "table: ledgers", "There is no table 'ledgers'. Did you mean 'ledger'?"),
        ("type: decimal", "type: decimals", "files › 1 (sales) › columns › price › type"),
        ("qty: qty,", "quantity: qty,", "There is no column of ledger to set: 'quantity'."),
        ("kind: sale", "kind: [sale: otherwise, return: {order: X}]", "'sale: otherwise' fits every row"),
        ("sku: sku\n", "sku: sku\n      sku: code\n", "the key 'sku' is given twice."),
        ("customer: customer\n", "Customer: customer\n", "'Customer' cannot be a column's name: use small letters"),
        ("type: integer", "type: text, formats: x", "formats are for dates; this column is text."),
        ("- name: sales", "- name: sales\n    format: {header: false}", "A file without a header needs names"),
        ("- name: sales", "- name: sales\n    format: {encoding: utf-9}", "Unknown encoding 'utf-9'."),
        ("- name: sales", '- name: sales\n    format: {decimal: ",", thousands: ","}', "cannot both be ','"),
        ("- name: sales", "- name: sales\n    lookups: [{from: orders, on: order}]", "There is no kept file 'orders'."),
        ("  - name: sales", "  - nam: sales", "files › 1: Unknown key 'nam'. Did you mean 'name'?"),
        ("name: shop\n", "", "shop.yml, name: This key is missing."),
        ("kind: sale", "kind: []", "The list of kinds is empty."),
        ("kind: sale", "kind: [sale: {qty: {below: .inf}}]", "Input should be a finite number."),
        ("kind: sale", "kind: [salle: otherwise]", "There is no kind 'salle'. Did you mean 'sale'?"),
        ("type: datetime", "type: datetime, formats: '%Q'", "'%Q' is not the format of a date. Write it like"),
        ("type: datetime", "type: datetime, formats: ''", "'' is not the format of a date."),
        ("name: shop\n", "name: a\0b\n", "shop.yml cannot be read: unacceptable character #x0000"),
        ("name: shop\n", "name: 2026-02-30\n", "shop.yml cannot be read: day is out of range for month."),
        ("name: shop\n", "? [name]\n: shop\n", "shop.yml, line 2: a key must be a name."),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_with_its_place_and_what_would_work(old: str, new: str, message: str) -> None:
    with pytest.raises(MappingError) as error:
        parse_mapping(changed(old, new), "shop.yml")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "qty * price",
            "qty * prise",
            "shop, file sales, rows 1 (ledger): there is no column 'prise'. Did you mean 'price'?",
        ),
        ("qty * price", "qty * sku", "calculates with a value of type text. Declare it as integer or decimal."),
        ("qty * price", "qty / price", "is not an expression. Name a column, or calculate with + - * and parentheses"),
        ("qty * price", "__import__('os')", "is not an expression."),
        ("qty * price", "(" * 400 + "qty" + ")" * 400, "is not an expression."),
        ("amount: qty * price", "amount: sku", "a value of type text cannot be put here; it takes integer or decimal"),
        ("amount: qty * price", "channel: sku", "rows 1 (ledger): set amount; ledger cannot do without."),
        ("kind: sale", "kind: [sale: {sku: {below: 3}}]", "below is for numbers, but sku is text."),
        ("kind: sale", "kind: [sale: {qty: {starts_with: A}}]", "starts_with is for texts, but qty is integer."),
        ("kind: sale", "kind: [sale: {qty: many}]", "qty is integer and cannot be compared with the text 'many'."),
    ],
)
def test_a_wrong_expression_is_found_before_any_file_is_opened(old: str, new: str, message: str) -> None:
    mapping = parse_mapping(changed(old, new), "shop.yml")
    with pytest.raises(MappingError) as error:
        FileSource(mapping, [Path("not-looked-at.csv")])
    assert message in str(error.value)


def test_words_that_old_yaml_reads_as_truth_values_stay_texts() -> None:
    mapping = parse_mapping(changed("order_id: order", "order_id: order, country: {value: NO}"), "shop.yml")
    assert mapping.files[0].rows[0].set["country"].value == "NO"


def test_a_missing_mapping_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"There is no mapping 'online_retail'.*Did you mean 'online-retail'\?"):
        find_mapping("online_retail", PROJECT_MAPPINGS)
    with pytest.raises(MappingError, match=r"cannot be read: No such file or directory"):
        read_mapping(tmp_path / "none.yml")
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MappingError, match=r"is not a text in UTF-8"):
        read_mapping(tmp_path / "binary.yml")


@pytest.mark.parametrize("name", mapping_names(PROJECT_MAPPINGS))
def test_every_mapping_of_the_project_is_sound_and_named_like_its_file(name: str) -> None:
    assert FileSource(find_mapping(name, PROJECT_MAPPINGS)).name == name
