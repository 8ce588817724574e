"""What kind of thing a question asks for, and whether a sentence has one: a number, a price, a date, a person ..."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from outcrop.core.terms import Term

Kind = Literal[
    "count", "number", "money", "duration", "frequency", "time", "person", "place", "cause", "weight", "length",
    "temperature", "percent", "phone", "mail", "web", "colour",
]  # fmt: skip

# What asks for each kind, in English, German, Spanish, French, Chinese and Japanese; the first that matches is it.
_ASKED: tuple[tuple[Kind, str], ...] = (
    ("phone", r"\b(?:(?:tele)?phone|telefon|t[eé]l[eé]fono?|t[eé]l[eé]phone|fax|mobile)\b|电话|電話|"
              r"\b(?:what|which) (?:number|extension)\b.*\b(?:call|dial|phone|ring)|\bextension (?:of|number)|'s extension\b|"
              r"\bwhat extension\b|\bwelche nummer\b.*\ban(?:rufen)?\b"),
    ("mail", r"\be-?mail address|\be-?mail-?adresse|correo electr[oó]nico|adresse e-?mail|邮箱|メールアドレス"),
    ("web", r"\b(?:url|web ?(?:site|page|address)|ip[- ]address|web-?adresse|sitio web|site web)\b|网址|ウェブサイト"),
    ("colour", r"\b(?:what|which)\b.{0,20}\bcolou?rs?\b|\bwelche farbe|\bqu[eé] color|\bquelle couleur|什么颜色|何色"),
    ("weight", r"\bhow heavy\b|\b(?:what|which)\b.{0,30}\bweight\b|\bhow much\b.{0,40}\bweighs?\b|\bwie schwer\b|\bwas wiegt\b|"
               r"\bgewicht\b|\bcu[aá]nto pesa|\bcombien p[eè]se|多重|重さ"),
    ("temperature", r"\bhow (?:hot|cold|warm)\b|\btemperatures?\b|\bwie (?:warm|hei[sß]+|kalt)\b|\btemperatur|多少度|温度|何度"),
    ("length", r"\bhow (?:tall|wide|thick|deep|far)\b|\bhow (?:high|long) (?:is|are|was|were) the (?:\w+ )?(?:wall|tower|bridge|"
               r"cable|river|road|building|mountain|rope|table|room|lighthouse|fence|wire|hose|ladder|tunnel|wall)s?\b|"
               r"\bwie (?:breit|dick|tief|weit)\b|多高|多宽|多厚|多深|多远|高さ|厚さ"),
    ("percent", r"\b(?:what|which) (?:share|proportion|fraction|part)\b|\bwelcher anteil|\bqu[eé] (?:proporci[oó]n|parte)|\bquelle (?:part|"
                r"proportion)|\bpercent(?:age)?\b|\bper cent\b|\bprozent|\bporcentaje\b|\bpourcentage\b|百分|何パーセント"),
    ("money", r"\bhow much\b.{0,70}\b(?:cost|costs|pay|paid|pays|charge|charged|charges|spend|spent|price|worth|fee|fees|earn|"
              r"earns|money|deducted|reimbursed|salary|funding|donate|invest)\w*|"
              r"\b(?:can|may|could|allowed to) (?:i|we|you|one|\w+) (?:spend|claim)\b|"
              r"\bwhat (?:does|do|did|is|are|was|were|would|will)\b.{0,60}\b(?:cost|costs|price|fee|salary|fare|charge|rent|premium)\b|"
              r"\bwhat (?:is|was)\b.{0,20}\b(?:price|fee|salary|cost|budget|fare|wage|rent|deposit|premium)\b|\bprice of\b|"
              r"\bwas kostet|\bwie ?viel kostet|\bwie hoch (?:ist|sind) (?:die|der|das) (?:miete|kosten|geb[uü]hr|preis|kaution|"
              r"beitrag|lohn|gehalt)|\bcu[aá]nto (?:cuesta|cuestan|vale|cobra|gana|pago)|\bcombien (?:co[uû]te)|多少钱|价格|"
              r"费用是多少|いくら|料金"),
    ("frequency", r"\bhow often\b|\bhow frequently\b|\bwie oft\b|\bcada cu[aá]nto|\b[àa] quelle fr[eé]quence|多久一次|何回|頻度"),
    ("duration", r"\bhow long (?:ago|before|after|do|does|did|can|may|will|has|have|had|until)\b|"
                 r"\bhow long (?:is|are|was|were)\b(?!.*\b(?:password|name|text|title|word)s?\b)|"
                 r"\bfor how long\b|\bhow long\b.{0,50}\b(?:last|take|work|valid|kept|stay)\w*|\bhow (?:much time|quickly|soon|fast|"
                 r"early|late)\b(?! (?:is|are|does|do|can) (?:the|a|it)\b.{0,40}\b(?:drive|run|fly|go|travel))|"
                 r"\bhow (?:many|much) (?:more |working |calendar |business )?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b|"
                 r"\bwie lange?\b|\bwie viele (?:sekunden|minuten|stunden|tage|wochen|monate|jahre)|\bwie (?:schnell|bald)\b|"
                 r"\bcu[aá]nto (?:tiempo|dura|duran|tarda)|\bcu[aá]nt[oa]s (?:segundos|minutos|horas|d[ií]as|semanas|meses|a[nñ]os)|"
                 r"\bcombien de (?:temps|secondes|minutes|heures|jours|semaines|mois|ans)|多久|多长时间|[几多]少?(?:天|年|个月|小时|分钟|周)|"
                 r"どのくらいの期間|何(?:日間|時間|年間|か月|分間)|期間は"),
    ("time", r"(?:^|[,;:.?!] ?|\b(?:since|until|by|from|and|or|about) )when\b|\b(?:what|which) (?:year|date|day|month|time|century|decade|season|hours)\b|\buntil when\b|"
             r"\bby (?:what|which) time\b|\bwann\b|\b(?:in )?welche[mrs]? (?:jahr|datum|tag|monat|zeit|jahrhundert)|\bum wie ?viel uhr|"
             r"\bcu[aá]ndo\b|\bqu[eé] (?:a[nñ]o|fecha|d[ií]a|mes|hora|siglo)|(?:^|[,;:.] ?|\b(?:depuis|et|jusqu'[àa]) )quand\b|\bquel(?:le)? (?:date|ann[eé]e|jour|mois|heure|"
             r"si[eè]cle)|什么时候|何时|哪一?[年天月]|几[点月]|什么时间|いつ|何(?:時|年|月|曜日|日)"),
    ("count", r"\bhow many\b|\bnumber of\b|\bwie ?viele\b|\bcu[aá]nt[oa]s\b|\bcombien d|\bquant[ie]\b|多少[个名人种次台辆家件项]|"
              r"[几][个名人种次台辆家件项]|有多少|何[台個人名本枚件]|いくつ"),
    ("number", r"\bhow (?:much|big|large|high|low|fast|old|strong|small|long)\b|\b(?:what|which)\b.{0,25}\b(?:number|amount|size|"
               r"speed|limit|maximum|minimum|population|rate|distance|age|share|height|length|width|depth|voltage|power|capacity|"
               r"dimensions?|area|level)\b|\bwie ?(?:viel|hoch|gro[sß]+|alt|schnell|lang)\b|\bcu[aá]nt[oa]\b|\bqu[eé] (?:cantidad|"
               r"n[uú]mero|edad|altura|tama[nñ]o)|\bcombien\b|\bquel(?:le)? (?:nombre|taux|montant|taille)|多少|多大|どのくらい|いくら"),
    ("person", r"\b(?:who|whom|whose)\b|\bwe[rnm]\b|\bwessen\b|\bqui[eé]n(?:es)?\b|(?:^|[,;] ?|\bpar |\b[àa] |\bde )qui\b(?! est-ce que)|"
               r"谁|哪位|誰|だれ"),
    ("place", r"\bwhere\b|\b(?:in |at )?(?:what|which) (?:city|country|town|state|place|room|building|continent|region|location|"
              r"street|floor)\b|\bwo(?:hin|her)?\b|\bd[oó]nde\b|\bo[uù]\b(?= )|\b(?:in )?welche[mrs]? (?:stadt|land|ort|raum|"
              r"geb[aä]ude|region)|\bqu[eé] (?:ciudad|pa[ií]s|lugar|estado)|\bquel(?:le)? (?:ville|pays|lieu|endroit)|哪里|哪儿|何地|"
              r"何处|在哪|どこ"),
    ("cause", r"\bwhy\b|\bwhat (?:was|is|were)? ?(?:the )?(?:reasons?|causes?)\b|\bwhat caused\b|\bhow come\b|\bwarum\b|\bweshalb\b|"
              r"\bwieso\b|\bpor qu[eé]\b|\bpourquoi\b|(?<![称名改作成叫])为什么|为何|なぜ|どうして"),
)  # fmt: skip
ASKED: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple((kind, re.compile(text, re.I)) for kind, text in _ASKED)

_DIGITS = (
    r"(?:\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|eighteen|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|half|quarter|third|dozens?|"
    r"twice|double|triple|both|pair|couple|several|none|no|zero|single|an?|ein(?:e[rnms]?)?|zwei|drei|vier|f[uü]nf|sechs|sieben|acht|"
    r"neun|zehn|elf|zw[oö]lf|\w*zig|hundert|tausend|million(?:en)?|h[aä]lfte|keine?|un[oa]?|dos|tres|cuatro|cinco|seis|siete|ocho|"
    r"nueve|diez|once|doce|quince|veinte|treinta|cien(?:to)?|mil|mitad|ning[uú]n|deux|trois|quatre|cinq|sept|huit|neuf|dix|douze|"
    r"quinze|vingt|trente|cent|mille|moiti[eé]|aucun)\b|[一二两三四五六七八九十百千万亿〇零半])"
)
_UNITS = (
    r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|nights?|weeks?|months?|years?|quarters?|semesters?|terms?|decades?|"
    r"centur(?:y|ies)|sekunden?|minuten?|stunden?|tage?n?|n[aä]chten?|wochen?|monate?n?|jahre?n?|jahrhunderte?n?|segundos?|minutos?|"
    r"horas?|d[ií]as?|semanas?|mes(?:es)?|a[nñ]os?|siglos?|secondes?|heures?|jours?|semaines?|mois|ans?|ann[eé]es?|s|ms|min)\b"
)
_CJK_UNITS = r"[天年月周日秒晚]|小时|分钟|时间|星期|週間|か月|ヶ月|時間|日間|分間"
_CALENDAR = (
    r"\b(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|mar(?:ch|zo|s)|m[aä]rz|apr(?:il)?|ma[iy]|jun[ei]?|jul[iy]?|aug(?:ust)?|"
    r"sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?|enero|febrero|abril|mayo|junio|julio|agosto|septiembre|octubre|"
    r"noviembre|diciembre|f[eé]vrier|avril|mai|juin|juillet|ao[uû]t|septembre|octobre|novembre|d[eé]cembre|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:mon|diens|donners|frei|sams|sonn)tags?|mittwochs?|lunes|martes|mi[eé]rcoles|"
    r"jueves|viernes|s[aá]bados?|domingos?|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|weekdays?|weekends?|noon|midnight|"
    r"midday|spring|summer|autumn|winter|easter|christmas|fr[uü]hling|sommer|herbst|ostern|weihnachten|morgens|abends|mittags|"
    r"today|tomorrow|yesterday|immediately|daily|weekly|monthly|yearly|annually|century|jahrhundert|siglo|si[eè]cle|centuries|"
    r"werktage?n?|primavera|verano|oto[nñ]o|invierno)\b"
)
_CURRENCY = (
    r"(?:[$€£¥₹₽]|\b(?:eur|usd|gbp|chf|jpy|cny|rmb|sek|nok|dkk|pln|czk|inr|cad|aud|euros?|dollars?|pounds?|cents?|francs?|franken|"
    r"yen|yuan|pesos?|rupees?|d[oó]lares|livres)\b|[元円圆])"
)
_FREE = r"\b(?:free(?: of charge)?|no charge|nothing|kostenlos|kostenfrei|gratis|gratuit(?:e|s|es)?|gratuit[oa]s?)\b|免费|無料"


def _pattern(text: str) -> Callable[[str], bool]:
    compiled = re.compile(text, re.I)
    return lambda sentence: compiled.search(sentence) is not None


def _with_unit(units: str) -> Callable[[str], bool]:
    return _pattern(rf"\d\s*(?:{units})|[ (](?:{units})\)?: ?-?\d")  # the unit may stand in a row's column name


_AMOUNT = rf"(?:{_CURRENCY}[^.;|]{{0,3}}\d|\d[\d.,' ]*(?:million |billion |thousand |Mio\.? |Mrd\.? )?{_CURRENCY}|{_FREE})"
_TESTS: dict[Kind, Callable[[str], bool]] = {
    "number": _pattern(_DIGITS),
    "count": _pattern(_DIGITS),
    "money": _pattern(rf"{_AMOUNT}|{_DIGITS}[^.;|]{{0,20}}{_CURRENCY}|\d+[.,]\d\d\b(?!\s?(?:uhr|am|pm|h\b))|\d\s?%"),
    "duration": _pattern(
        rf"{_DIGITS}[^.;|。]{{0,25}}?(?<![a-z]){_UNITS}|{_DIGITS}\s*(?:{_CJK_UNITS})|{_UNITS}\)?: ?\d|\b(?:until|permanent|unlimited|indefinite|"
        rf"lifetime|forever|immediately|at once|(?:from|between)\b.*\b(?:to|and|until))\b|\b(?:bis|sofort|unverz[uü]glich|unbefristet|"
        rf"hasta|jusqu)\b|随时|立即"
    ),
    "frequency": _pattern(
        rf"\b(?:every|each|once|twice|daily|weekly|monthly|quarterly|yearly|annual(?:ly)?|times|per|a (?:day|week|month|year)|hourly|"
        rf"always|never|regularly|occasionally|rarely|sometimes|often|usually|jede[nrsm]?|einmal|zweimal|mal|t[aä]glich|"
        rf"w[oö]chentlich|monatlich|j[aä]hrlich|alle|cada|diari[ao]|semanal|mensual|anual|veces|vez|chaque|tous|toutes|fois|"
        rf"quotidien|hebdomadaire|mensuel|annuel)\b|{_DIGITS}[^.;|]{{0,12}}{_UNITS}|{_UNITS}\)?: ?\d|每|毎|次|回"
    ),
    "time": _pattern(
        rf"\b[12]\d{{3}}s?\b|\b[0-2]?\d(?::|\s?h\s?)\d\d\b|\b[0-2]?\d\.\d\d\s?(?:uhr|am|pm|h\b)|\b[0-3]?\d\.[01]?\d\.|\d\s?(?:am|pm|a\.m|p\.m|uhr|o'?clock|h)\b|\d+\s*[年月日号点時世]|{_CALENDAR}|"
        rf"\b(?:before|after|when|during|until|since|as soon as|once|at the (?:end|beginning|start)|if|whenever|nach|vor|wenn|sobald|"
        rf"w[aä]hrend|seit|bis|ende|anfang|antes|despu[eé]s|cuando|durante|hasta|desde|avant|apr[eè]s|lorsque|pendant|depuis|jusqu)\b|"
        rf"{_DIGITS}[^.;|]{{0,15}}?{_UNITS}|\d+(?:st|nd|rd|th)\b|之?[后前時时]|期间|[一二三四五六七八九十]+[年月日号点世]"
    ),
    "cause": _pattern(
        r"\b(?:because|due to|owing to|since|caus(?:e[ds]?|ing)|reasons?|as a result|results? (?:in|from)|therefore|thus|so that|in order|"
        r"leads? to|led to|thanks to|for fear|explain\w*|after|which (?:made|makes)|to (?:avoid|prevent|protect|ensure|allow|reduce|"
        r"increase|make|keep|be)|as (?:the|they|it|he|she|there|a|no)|for (?:its|their|his|her|the|being)|weil|wegen|aufgrund|da|"
        r"damit|deshalb|daher|durch|grund|gr[uü]nden|um|porque|debido|ya que|por|causa|para|puesto|parce|car|pour|gr[aâ]ce|cause|"
        r"afin|raison)\b|因|由于|为了|以便|所以|致|ため|ので|から"
    ),
    "weight": _with_unit(r"(?:k|m|µ)?g\b|kilo\w*|grams?|gramm|tonn?e?s?\b|t\b|pounds?|lbs?\b|ounces?|oz\b|stone\b|gramos|公斤|克|吨|kg"),
    "length": _with_unit(
        r"(?:k|c|m|µ|n)?m\b|(?:kilo|centi|milli|micro)?met(?:re|er)s?|metros?|m[eè]tres?|kil[oó]metros?|miles?|mi\b|feet|foot|ft\b|inch"
        r"|inches|yards?|light[- ]years?|[\"″'′]|米|公里|厘米|毫米|英里|英尺|メートル"
    ),
    "temperature": _with_unit(r"°|º|degrees?|grad\b|grados|degr[eé]s?|[ck]\b|℃|度|摄氏"),
    "percent": _pattern(r"(?:%|percent|prozent)\)?: ?\d|\d\s*(?:%|％|percent|per cent|prozent|por ciento|pour ?cent)|百分之|\b(?:half|hälfte|mitad|moiti[eé])\b|\d/\d|成"),
    "phone": _pattern(r"(?:\+|\b)\d[\d /()-]{1,}\d\b(?![.,]\d)"),
    "mail": _pattern(r"\S@\S"),
    "web": _pattern(r"https?://|\bwww\.|\b\w+\.(?:com|org|net|example|de|io|edu|gov)\b|\b\d+\.\d+\.\d+\.\d+\b|/\w+"),
    "colour": _pattern(
        r"\b(?:red|green|blue|yellow|black|white|gr[ae]y|orange|purple|pink|brown|amber|silver|gold(?:en)?|violet|beige|crimson|"
        r"transparent|rot|gr[uü]n|blau|gelb|schwarz|wei[sß]+|grau|braun|lila|roj[oa]|verde|azul|amarill[oa]|negr[oa]|blanc[oa]|gris|"
        r"rouge|vert|bleu|jaune|noir|blanc|marron)\w{0,3}\b|[红绿蓝黄黑白灰紫橙]|[赤青緑黄黒白]"
    ),
}  # fmt: skip
_ROLE = re.compile(
    r"\b(?:manager|director|officer|head|team|department|desk|office|lead|leader|supervisor|engineer|doctor|physician|president|king|"
    r"queen|prince(?:ss)?|emperor|duke|pope|bishop|chair(?:man|woman|person)?|secretary|board|committee|council|ministers?|professors?|"
    r"scientists?|government|party|army|groups?|compan(?:y|ies)|everyone|everybody|anyone|nobody|staff|members?|students?|"
    r"owners?|holders?|employees?|workers?|employers?|users?|parents?|teachers?|tenants?|landlord|residents?|customers?|"
    r"guests?|agency|authority|institute|university|supplier|provider|organi[sz]ations?|association|foundation|court|parliament|"
    r"leiter(?:in)?|abteilung|chef(?:in)?|vorstand|verwaltung|mieter|hausmeister(?:in)?|regierung|mitarbeiter(?:in)?|k[oö]nig(?:in)?|"
    r"gerente|jef[ea]|director[ae]?|responsable|tutor|comit[eé]|gobierno|rey|reina|[eé]quipe|service|roi|reine|directeur|directrice)\b"
    r"|经理|主管|部门|部长|主任|国王|总统|公司|队|员|者|人|家",
    re.I,
)  # fmt: skip
_AGENT = re.compile(r"\b[a-zß-ÿ]{3,}(?:ists?|ians?|ers?|ors?|ants?|ees?|eys?|innen|eur|euses?|ores|istas?|antes?)\b")
_CAPITAL = re.compile(r"(?<![.!?:;|\n#•] )(?<![.!?:;|\n#•])(?<!^)(?<!^- )\b[A-ZÀ-ÖØ-ÞА-ЯΑ-Ω][\w'’-]+|[\u30a0-\u30ff]{2,}|[\u4e00-\u9fff]·[\u4e00-\u9fff]")  # noqa: RUF001,E501 # apostrophes
_FIRST_NAME = re.compile(r"\b[A-ZÀ-ÖØ-Þ][\w'’-]+ (?:[A-Z]\. )?(?:(?:van|von|de|del|da|bin|al) )*[A-ZÀ-ÖØ-Þ][\w'’-]+")  # noqa: RUF001
_WHERE = re.compile(
    r"\b(?:in|at|on|near|next to|beside|behind|under|above|below|inside|outside|from|to|into|opposite|corner|room|floor|building|"
    r"im|am|an|auf|bei|beim|unter|neben|hinter|vor|aus|nach|ins|zum|zur|en|sobre|junto|bajo|dans|sur|sous|chez|devant|derri[eè]re|"
    r"au|aux|[àa])\b(?! (?:the |la |el |los |las |le |les |der |dem |den |die )?(?:last|first|next|end|beginning|"
    r"time|january|february|march|april|may|june|july|august|september|october|november|december|monday|tuesday|wednesday|thursday|"
    r"friday|saturday|sunday|[uú]ltim[ao]s?|primer[ao]?s?|derni[eè]re?|premi[eè]re?|letzten?|ersten?|case|time|fall|caso|cas|general|order|writing|full|advance|\d))|[在于位里内外边处省市县国]|[でにへ]",
    re.I,
)  # fmt: skip
_KANJI = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a question asks for; `counted` are the stems that follow "how many"."""

    kind: Kind
    counted: tuple[str, ...] = ()


def expectation(question: str, content: list[Term]) -> Expectation | None:
    """The kind of thing that a question asks for, None where it may be anything."""
    found = [(match.start(), order, kind, match.end()) for order, (kind, match) in enumerate(_matches(question)) if match]
    # "How much" alone says least: any other match tells more.
    found = [one for one in found if one[2] != "number"] or found
    if not found:
        return None
    best = min(found)
    after = [term for term in content if term.start >= best[3] - 1]
    counted = [term.key for i, term in enumerate(after[:2]) if i == 0 or term.start <= after[0].end + 1]
    return Expectation(best[2], tuple(counted) if best[2] == "count" else ())


def _matches(question: str) -> Iterator[tuple[Kind, re.Match[str] | None]]:
    for kind, pattern in ASKED:
        yield kind, pattern.search(question)


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


def _person(sentence: str, rest: str) -> float:
    if _CAPITAL.search(rest) or _FIRST_NAME.search(rest):
        return 1.0
    if _ROLE.search(rest):
        return 0.8
    return 0.6 if _AGENT.search(rest) or _KANJI.search(sentence) else 0.0


def _place(sentence: str, rest: str) -> float:
    cue = _WHERE.search(sentence)
    if _CAPITAL.search(rest):
        return 1.0 if cue else 0.6
    return 0.8 if cue else 0.0
