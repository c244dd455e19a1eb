"""From one text to one value: exactly, or null with words that say what was expected."""

from __future__ import annotations

from ecombi.sources.files import sql
from ecombi.sources.files.expressions import local_to_utc
from ecombi.sources.files.mapping import Column, Format

_DAY = "%Y-%m-%d"
_MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", _DAY)
_EXAMPLES = {
    "%Y": "2011", "%y": "11", "%m": "11", "%B": "November", "%b": "Nov", "%d": "30", "%H": "16", "%I": "04", "%p": "PM",
    "%M": "05", "%S": "00", "%f": "000000", "%z": "+0000",
}  # fmt: skip
_KEY = "e-[0-9a-f]{16}"
_BLANK = "' ' || chr(9) || chr(13) || chr(10) || chr(160)"


def cleaned(source: str, column: Column) -> str:
    """Compile a text without blanks around it, null where it stands for nothing."""
    found = f"nullif({_stripped(source) if column.strip else source}, '')"
    if not column.nulls:
        return found
    nulls = sql.texts(null.lower() for null in column.nulls)
    return f"CASE WHEN lower({found}) NOT IN ({nulls}) THEN {found} END"


def _stripped(source: str) -> str:
    # Trimming several letters is slow, and few texts need it. All blanks but the hard one sort before '!'.
    hard = f"starts_with({source}, chr(160)) OR ends_with({source}, chr(160))"
    needed = f"{source} < '!' OR right({source}, 1) < '!' OR {hard}"
    return f"CASE WHEN {needed} THEN trim({source}, {_BLANK}) ELSE {source} END"


def typed(source: str, column: Column, form: Format, shop_zone: str) -> str:
    """Compile a text to its type: null where it cannot be read exactly."""
    match column.type:
        case "text":
            return source
        case "email":
            return email_key(source)
        case "boolean":
            yes, no = (sql.texts(word.lower() for word in words) for words in (column.when_true, column.when_false))
            return f"CASE WHEN lower({source}) IN ({yes}) THEN TRUE WHEN lower({source}) IN ({no}) THEN FALSE END"
        case "date":
            return _in_range(f"CAST(try_strptime({source}, [{sql.texts(column.formats or (_DAY,))}]) AS DATE)")
        case "datetime":
            return _in_range(_moment(source, column, shop_zone))
        case _:
            return _number(source, column, form)


def email_key(source: str) -> str:
    """Compile an e-mail address to the key of whoever has it: null where it is none, itself where it is a key already.

    Addresses are the same where they are without blanks around them, in small letters and in Unicode's NFC. Nothing
    cleverer: that a dot or what follows a plus does not matter is true of some mail services only, and elsewhere it
    would make one customer of two people. The key, `e-` and the first 16 hex digits of SHA-256, does not say the
    address.
    """
    same = f"nfc_normalize(lower(trim({source}, {_BLANK})))"
    return (
        f"CASE WHEN regexp_full_match({source}, '{_KEY}') THEN {source} "
        f"WHEN {same} LIKE '_%@%_' THEN 'e-' || left(sha256({same}), 16) END"
    )


def without_emails(source: str) -> str:
    """Compile a text to itself without what looks like an e-mail address."""
    part = r"[^\s,;|\"]+"
    return f"regexp_replace({source}, '{part}@{part}', '(e-mail)', 'g')"


def _number(source: str, column: Column, form: Format) -> str:
    plain = source
    if form.thousands:
        plain = f"replace({plain}, {sql.text(form.thousands)}, '')"
    if form.decimal == ",":
        plain = f"replace({plain}, ',', '.')"
    if column.type == "integer":
        # Spreadsheets write whole numbers as 17850.0.
        return f"CASE WHEN {_fits(source, form, 18, 0)} THEN TRY_CAST(split_part({plain}, '.', 1) AS BIGINT) END"
    before, after = (14, 4) if column.type == "decimal" else (10, 8)
    return f"CASE WHEN {_fits(source, form, before, after)} THEN TRY_CAST({plain} AS DECIMAL(18,{after})) END"


def _fits(source: str, form: Format, before: int, after: int) -> str:
    """Compile the test that nothing is lost: DuckDB would round what has too many decimals."""
    point = "[.]" if form.decimal == "." else ","
    whole = f"[0-9]{{1,{before}}}"
    if form.thousands:
        mark = {".": "[.]", "'": "''"}.get(form.thousands, form.thousands)
        whole = f"([0-9]{{1,3}}({mark}[0-9]{{3}})+|{whole})"
    return f"regexp_full_match({source}, '[+-]?{whole}({point}[0-9]{{0,{after}}}0*)?')"


def _moment(source: str, column: Column, shop_zone: str) -> str:
    formats = column.formats or _MOMENTS
    parsed = f"try_strptime({source}, [{sql.texts(formats)}])"
    if "%z" in formats[0]:
        return f"timezone('UTC', CAST({parsed} AS TIMESTAMPTZ))"
    return local_to_utc(parsed, column.time_zone or shop_zone)


def _in_range(source: str) -> str:
    # A year typed wrong would stretch every chart by centuries.
    return f"CASE WHEN year({source}) BETWEEN 1970 AND 2199 THEN {source} END"


def expected(column: Column, form: Format) -> str:
    """Say what a value of this column is not, when it could not be read."""
    match column.type:
        case "integer":
            return "is not a whole number of at most 18 digits"
        case "decimal" | "rate":
            before, after = (14, 4) if column.type == "decimal" else (10, 8)
            number = f"a number with at most {before} digits before and {after} after the decimal mark"
            return f"is not {number}, written like 12{form.decimal}5"
        case "email":
            return "is not an e-mail address"
        case "boolean":
            return f"is neither {' or '.join(column.when_true)} nor {' or '.join(column.when_false)}"
        case _:
            formats = column.formats or ((_DAY,) if column.type == "date" else _MOMENTS[:1])
            return f"is not a date from 1970 to 2199 written like {' or '.join(_example(one) for one in formats)}"


def _example(form: str) -> str:
    for code, example in _EXAMPLES.items():
        form = form.replace(code, example)
    return form
