"""Whether a sentence has a thing of the kind that a question asks for."""

from __future__ import annotations

import re
from collections.abc import Callable

from outcrop.adapters.generators.expectations import Expectation, Kind
from outcrop.core.function_words import FUNCTION_WORDS
from outcrop.core.terms import fold

_DIGITS = (
    r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"thirteen|fourteen|fifteen|sixteen|eighteen|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|"
    r"millions?|billions?|half|quarter|third|dozens?|"
    r"twice|double|triple|both|pair|couple|several|none|no|zero|single|an?|ein(?:e[rnms]?)?|"
    r"zwei|drei|vier|f[uü]nf|sechs|sieben|acht|"
    r"neun|zehn|elf|zw[oö]lf|\w*zig|hundert|tausend|million(?:en)?|h[aä]lfte|keine?|"
    r"un[oa]?|dos|tres|cuatro|cinco|seis|siete|ocho|"
    r"nueve|diez|once|doce|quince|veinte|treinta|cien(?:to)?|mil|mitad|ning[uú]n|"
    r"deux|trois|quatre|cinq|sept|huit|neuf|dix|douze|"
    r"quinze|vingt|trente|cent|mille|moiti[eé]|aucun)\b|[一二两三四五六七八九十百千万亿〇零半])"
)
_UNITS = (
    r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|nights?|weeks?|months?|"
    r"years?|quarters?|semesters?|terms?|decades?|"
    r"centur(?:y|ies)|sekunden?|minuten?|stunden?|tage?n?|n[aä]chten?|wochen?|monate?n?|"
    r"jahre?n?|jahrhunderte?n?|segundos?|minutos?|"
    r"horas?|d[ií]as?|semanas?|mes(?:es)?|a[nñ]os?|siglos?|secondes?|heures?|jours?|"
    r"semaines?|mois|ans?|ann[eé]es?|s|ms|min)\b"
)
_CJK_UNITS = r"[天年月周日秒晚]|小时|分钟|时间|星期|週間|か月|ヶ月|時間|日間|分間"
_CALENDAR = (
    r"\b(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|mar(?:ch|zo|s)|m[aä]rz|apr(?:il)?|"
    r"ma[iy]|jun[ei]?|jul[iy]?|aug(?:ust)?|"
    r"sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?|enero|febrero|"
    r"abril|mayo|junio|julio|agosto|septiembre|octubre|"
    r"noviembre|diciembre|f[eé]vrier|avril|mai|juin|juillet|ao[uû]t|septembre|octobre|"
    r"novembre|d[eé]cembre|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:mon|diens|donners|frei|sams|"
    r"sonn)tags?|mittwochs?|lunes|martes|mi[eé]rcoles|"
    r"jueves|viernes|s[aá]bados?|domingos?|lundi|mardi|mercredi|jeudi|vendredi|samedi|"
    r"dimanche|weekdays?|weekends?|noon|midnight|"
    r"midday|spring|summer|autumn|winter|easter|christmas|fr[uü]hling|sommer|herbst|"
    r"ostern|weihnachten|morgens|abends|mittags|"
    r"today|tomorrow|yesterday|immediately|daily|weekly|monthly|yearly|annually|"
    r"century|jahrhundert|siglo|si[eè]cle|centuries|"
    r"werktage?n?|primavera|verano|oto[nñ]o|invierno)\b"
)
_CURRENCY = (
    r"(?:[$€£¥₹₽]|\b(?:eur|usd|gbp|chf|jpy|cny|rmb|sek|nok|dkk|pln|czk|inr|cad|aud|"
    r"euros?|dollars?|pounds?|cents?|francs?|franken|"
    r"yen|yuan|pesos?|rupees?|d[oó]lares|livres)\b|[元円圆])"
)
_FREE = (
    r"\b(?:free(?: of charge)?|no charge|nothing|kostenlos|kostenfrei|gratis|gratuit(?:e|"
    r"s|es)?|gratuit[oa]s?)\b|免费|無料"
)


def _pattern(text: str) -> Callable[[str], bool]:
    compiled = re.compile(text, re.IGNORECASE)
    return lambda sentence: compiled.search(sentence) is not None


def _with_unit(units: str) -> Callable[[str], bool]:
    return _pattern(rf"\d\s*(?:{units})|[ (](?:{units})\)?: ?-?\d")  # the unit may stand in a row's column name


_AMOUNT = (
    rf"(?:{_CURRENCY}[^.;|]{{0,3}}\d|\d[\d.,' ]*(?:million |billion |thousand |Mio\.? |Mrd\.? )?{_CURRENCY}|{_FREE})"
)
_TESTS: dict[Kind, Callable[[str], bool]] = {
    "number": _pattern(_DIGITS),
    "count": _pattern(_DIGITS),
    "money": _pattern(rf"{_AMOUNT}|{_DIGITS}[^.;|]{{0,20}}{_CURRENCY}|\d+[.,]\d\d\b(?!\s?(?:uhr|am|pm|h\b))|\d\s?%"),
    "duration": _pattern(
        rf"{_DIGITS}[^.;|。]{{0,25}}?(?<![a-z]){_UNITS}|{_DIGITS}\s*(?:{_CJK_UNITS})|{_UNITS}\)?: ?\d|"
        r"\b(?:until|permanent|unlimited|indefinite|"
        r"lifetime|forever|immediately|at once|(?:from|between)\b.*\b(?:to|and|until))\b|"
        r"\b(?:bis|sofort|unverz[uü]glich|unbefristet|"
        r"hasta|jusqu)\b|随时|立即"
    ),
    "frequency": _pattern(
        r"\b(?:every|each|once|twice|daily|weekly|monthly|quarterly|yearly|annual(?:ly)?|"
        r"times|per|a (?:day|week|month|year)|hourly|"
        r"always|never|regularly|occasionally|rarely|sometimes|often|usually|jede[nrsm]?|"
        r"einmal|zweimal|mal|t[aä]glich|"
        r"w[oö]chentlich|monatlich|j[aä]hrlich|alle|cada|diari[ao]|semanal|mensual|anual|"
        r"veces|vez|chaque|tous|toutes|fois|"
        rf"quotidien|hebdomadaire|mensuel|annuel)\b|{_DIGITS}[^.;|]{{0,12}}{_UNITS}|{_UNITS}\)?: ?\d|"
        r"每|毎|次|回"
    ),
    "time": _pattern(
        rf"\b[12]\d{{3}}s?\b|\b[0-2]?\d(?::|\s?h\s?)\d\d\b|\b[0-2]?\d\.\d\d\s?(?:uhr|"
        r"am|pm|h\b)|\b[0-3]?\d\.[01]?\d\.|\d\s?(?:am|pm|a\.m|p\.m|uhr|o'?clock|h)\b|"
        rf"\d+\s*[年月日号点時世]|{_CALENDAR}|"
        r"\b(?:before|after|when|during|until|since|as soon as|once|at the (?:end|beginning|"
        r"start)|if|whenever|nach|vor|wenn|sobald|"
        r"w[aä]hrend|seit|bis|ende|anfang|antes|despu[eé]s|cuando|durante|hasta|desde|"
        r"avant|apr[eè]s|lorsque|pendant|depuis|jusqu)\b|"
        rf"{_DIGITS}[^.;|]{{0,15}}?{_UNITS}|\d+(?:st|nd|rd|th)\b|之?[后前時时]|期间|[一二三四五六七八九十]+[年月日号点世]"
    ),
    "cause": _pattern(
        r"\b(?:because|due to|owing to|since|caus(?:e[ds]?|ing)|reasons?|as a result|"
        r"results? (?:in|from)|therefore|thus|so that|in order|"
        r"leads? to|led to|thanks to|for fear|explain\w*|after|which (?:made|makes)|"
        r"to (?:avoid|prevent|protect|ensure|allow|reduce|"
        r"increase|make|keep|be)|as (?:the|they|it|he|she|there|a|no)|for (?:its|their|"
        r"his|her|the|being)|weil|wegen|aufgrund|da|"
        r"damit|deshalb|daher|durch|grund|gr[uü]nden|um|porque|debido|ya que|por|causa|"
        r"para|puesto|parce|car|pour|gr[aâ]ce|cause|"
        r"afin|raison)\b|因|由于|为了|以便|所以|致|ため|ので|から"
    ),
    ("weight"): _with_unit(
        r"(?:k|m|µ)?g\b|kilo\w*|grams?|gramm|tonn?e?s?\b|t\b|pounds?|lbs?\b|ounces?|"
        r"oz\b|stone\b|gramos|公斤|克|吨|kg"
    ),
    "length": _with_unit(
        r"(?:k|c|m|µ|n)?m\b|(?:kilo|centi|milli|micro)?met(?:re|er)s?|metros?|m[eè]tres?|"
        r"kil[oó]metros?|miles?|mi\b|feet|foot|ft\b|inch"
        r"|inches|yards?|light[- ]years?|[\"″'′]|米|公里|厘米|毫米|英里|英尺|メートル"
    ),
    "temperature": _with_unit(r"°|º|degrees?|grad\b|grados|degr[eé]s?|[ck]\b|℃|度|摄氏"),
    ("percent"): _pattern(
        r"(?:%|percent|prozent)\)?: ?\d|\d\s*(?:%|％|percent|per cent|prozent|por ciento|"
        r"pour ?cent)|百分之|\b(?:half|hälfte|mitad|moiti[eé])\b|\d/\d|成"
    ),
    "phone": _pattern(r"(?:\+|\b)\d[\d /()-]{1,}\d\b(?![.,]\d)"),
    "mail": _pattern(r"\S@\S"),
    "web": _pattern(r"https?://|\bwww\.|\b\w+\.(?:com|org|net|example|de|io|edu|gov)\b|\b\d+\.\d+\.\d+\.\d+\b|/\w+"),
    "colour": _pattern(
        r"\b(?:red|green|blue|yellow|black|white|gr[ae]y|orange|purple|pink|brown|amber|"
        r"silver|gold(?:en)?|violet|beige|crimson|"
        r"transparent|rot|gr[uü]n|blau|gelb|schwarz|wei[sß]+|grau|braun|lila|roj[oa]|"
        r"verde|azul|amarill[oa]|negr[oa]|blanc[oa]|gris|"
        r"rouge|vert|bleu|jaune|noir|blanc|marron)\w{0,3}\b|[红绿蓝黄黑白灰紫橙]|[赤青緑黄黒白]"
    ),
}
_ROLE = re.compile(
    (
        r"\b(?:manager|director|officer|head|team|department|lead|leader|supervisor|"
        r"engineer|doctor|physician|president|king|"
        r"queen|prince(?:ss)?|emperor|duke|pope|bishop|chair(?:man|woman|person)?|secretary|"
        r"board|committee|council|ministers?|professors?|"
        r"scientists?|government|party|army|groups?|compan(?:y|ies)|everyone|everybody|"
        r"anyone|nobody|staff|members?|students?|"
        r"owners?|holders?|employees?|workers?|employers?|users?|parents?|teachers?|"
        r"tenants?|landlord|residents?|customers?|"
        r"guests?|agency|authority|institute|university|supplier|provider|organi[sz]ations?|"
        r"association|foundation|court|parliament|"
        r"leiter(?:in)?|abteilung|chef(?:in)?|vorstand|verwaltung|mieter|hausmeister(?:in)?|"
        r"regierung|mitarbeiter(?:in)?|k[oö]nig(?:in)?|"
        r"gerente|jef[ea]|director[ae]?|responsable|tutor|comit[eé]|gobierno|rey|reina|"
        r"[eé]quipe|service|roi|reine|directeur|directrice)\b"
        r"|经理|主管|部门|部长|主任|国王|总统|公司|队|员|者|人|家"
    ),
    re.IGNORECASE,
)
_AGENT = re.compile(r"\b[a-zß-ÿ]{3,}(?:ists?|ians?|ers?|ors?|ants?|ees?|eys?|innen|eur|euses?|ores|istas?|antes?)\b")
_CAPITAL = re.compile(
    r"(?<![.!?:;|\n#•] )(?<![.!?:;|\n#•])(?<!^)(?<!^- )\b[A-ZÀ-ÖØ-ÞА-ЯΑ-Ω][\w'’-]+|"
    r"[\u30a0-\u30ff]{2,}|[\u4e00-\u9fff]·[\u4e00-\u9fff]"
)  # apostrophes
_FIRST_NAME = re.compile(r"\b[A-ZÀ-ÖØ-Þ][\w'’-]+ (?:[A-Z]\. )?(?:(?:van|von|de|del|da|bin|al) )*[A-ZÀ-ÖØ-Þ][\w'’-]+")
_LETTERED = re.compile(r"\b[A-ZÀ-ÖØ-Þ]\w+ (?:[A-Z]|\d{1,4})\b")  # Hall A, Room 12: no person
_WHERE = re.compile(
    (
        r"\b(?:in|at|on|near|next to|beside|behind|under|above|below|inside|outside|"
        r"from|to|into|opposite|corner|room|floor|building|"
        r"im|am|an|auf|bei|beim|unter|neben|hinter|vor|aus|nach|ins|zum|zur|en|sobre|"
        r"junto|bajo|dans|sur|sous|chez|devant|derri[eè]re|"
        r"au|aux|[àa])\b(?! (?:the |la |el |los |las |le |les |der |dem |den |die )?(?:last|"
        r"first|next|end|beginning|"
        r"time|january|february|march|april|may|june|july|august|september|october|november|"
        r"december|monday|tuesday|wednesday|thursday|"
        r"friday|saturday|sunday|[uú]ltim[ao]s?|primer[ao]?s?|derni[eè]re?|premi[eè]re?|"
        r"letzten?|ersten?|case|time|fall|caso|cas|general|order|writing|full|advance|"
        r"\d))|[在于位里内外边处省市县国]|[でにへ]"
    ),
    re.IGNORECASE,
)
_KANJI = re.compile(r"[\u4e00-\u9fff]")


def provided(expected: Expectation, sentence: str, known: list[tuple[int, int]]) -> float:
    """How far a sentence has a thing of the expected kind that the question did not name itself: 0 to 1.

    `known` are the spans of words that the question has too: they are no answer.
    """
    sentence = sentence.replace("_", " ")
    rest = sentence
    for start, end in known:
        rest = rest[:start] + " " * (end - start) + rest[end:]
    if expected.kind == "person":
        return _person(sentence, rest)
    if expected.kind == "place":
        return _place(sentence, rest)
    if expected.kind in ("cause", "frequency", "time", "duration", "money", "percent"):
        # Units and cue words may stand in the question too ("how many days"); only numbers must be new.
        rest = _without_known_numbers(sentence, known)
    if _TESTS[expected.kind](rest):
        return 1.0
    return 0.6 if expected.kind == "money" and _TESTS["number"](rest) and not _TESTS["time"](rest) else 0.0


def _without_known_numbers(sentence: str, known: list[tuple[int, int]]) -> str:
    for start, end in known:
        if any(c.isdigit() for c in sentence[start:end]):
            sentence = sentence[:start] + " " * (end - start) + sentence[end:]
    return sentence


def _named(rest: str) -> bool:
    """Whether there is a name: a word with a capital that carries matter."""
    return any(
        fold(match[0]) not in FUNCTION_WORDS for match in (*_CAPITAL.finditer(rest), *_FIRST_NAME.finditer(rest))
    )


def _person(sentence: str, rest: str) -> float:
    if _named(_LETTERED.sub(" ", rest)):
        return 1.0
    if _ROLE.search(rest):
        return 0.8
    return 0.6 if _AGENT.search(rest) or _KANJI.search(sentence) else 0.0


def _place(sentence: str, rest: str) -> float:
    cue = _WHERE.search(sentence)
    if _named(rest):
        return 1.0 if cue else 0.6
    return 0.8 if cue else 0.0
