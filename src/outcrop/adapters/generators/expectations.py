"""What kind of thing a question asks for: a number, a price, a date, a person ..."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from outcrop.core.terms import Term

Kind = Literal[
    "count",
    "number",
    "money",
    "duration",
    "frequency",
    "time",
    "person",
    "place",
    "cause",
    "weight",
    "length",
    "temperature",
    "percent",
    "phone",
    "mail",
    "web",
    "colour",
]

# What asks for each kind, in English, German, Spanish, French, Chinese and Japanese; the first that matches is it.
_ASKED: tuple[tuple[Kind, str], ...] = (
    (
        "phone",
        (
            r"\b(?:(?:tele)?phone|telefon|t[eé]l[eé]fono?|t[eé]l[eé]phone|fax|mobile)\b|"
            r"电话|電話|"
            r"\b(?:what|which) (?:number|extension)\b.*\b(?:call|dial|phone|ring)|\bextension (?:of|"
            r"number)|'s extension\b|"
            r"\bwhat extension\b|\bwelche nummer\b.*\ban(?:rufen)?\b"
        ),
    ),
    ("mail", r"\be-?mail address|\be-?mail-?adresse|correo electr[oó]nico|adresse e-?mail|邮箱|メールアドレス"),
    ("web", r"\b(?:url|web ?(?:site|page|address)|ip[- ]address|web-?adresse|sitio web|site web)\b|网址|ウェブサイト"),
    ("colour", r"\b(?:what|which)\b.{0,20}\bcolou?rs?\b|\bwelche farbe|\bqu[eé] color|\bquelle couleur|什么颜色|何色"),
    (
        ("weight"),
        (
            r"\bhow heavy\b|\b(?:what|which)\b.{0,30}\bweight\b|\bhow much\b.{0,40}\bweighs?\b|"
            r"\bwie schwer\b|\bwas wiegt\b|"
            r"\bgewicht\b|\bcu[aá]nto pesa|\bcombien p[eè]se|多重|重さ"
        ),
    ),
    (
        ("temperature"),
        (
            r"\bhow (?:hot|cold|warm)\b|\btemperatures?\b|\bwie (?:warm|hei[sß]+|kalt)\b|"
            r"\btemperatur|多少度|温度|何度"
        ),
    ),
    (
        ("length"),
        (
            r"\bhow (?:tall|wide|thick|deep|far(?! in advance| ahead))\b|\bhow (?:high|long) (?:is|"
            r"are|was|were) the (?:\w+ )?(?:wall|tower|bridge|"
            r"cable|river|road|building|mountain|rope|table|room|lighthouse|fence|wire|hose|"
            r"ladder|tunnel|wall)s?\b|"
            r"\bwie (?:breit|dick|tief|weit)\b|多高|多宽|多厚|多深|多远|高さ|厚さ"
        ),
    ),
    (
        ("percent"),
        (
            r"\b(?:what|which) (?:share|proportion|fraction|part)\b|\bwelcher anteil|\bqu[eé] (?:proporci[oó]n|"
            r"parte)|\bquelle (?:part|"
            r"proportion)|\bpercent(?:age)?\b|\bper cent\b|\bprozent|\bporcentaje\b|\bpourcentage\b|"
            r"百分|何パーセント"
        ),
    ),
    (
        ("money"),
        (
            r"\bhow much\b.{0,70}\b(?:cost|costs|pay|paid|pays|charge|charged|charges|spend|"
            r"spent|price|worth|fee|fees|earn|"
            r"earns|money|deducted|reimbursed|salary|funding|donate|invest)\w*|"
            r"\b(?:can|may|could|allowed to) (?:i|we|you|one|\w+) (?:spend|claim)\b|"
            r"\b(?:i|we|you|one) (?:can|may|could) (?:spend|claim)\b|"
            r"\bwhat (?:does|do|did|is|are|was|were|would|will)\b.{0,60}\b(?:cost|costs|"
            r"price|fee|salary|fare|charge|rent|premium)\b|"
            r"\bwhat (?:is|was)\b.{0,20}\b(?:price|fee|salary|cost|budget|fare|wage|rent|"
            r"deposit|premium)\b|\bprice of\b|"
            r"\bwas kostet|\bwie ?viel kostet|\bwie hoch (?:ist|sind) (?:die|der|das) (?:miete|"
            r"kosten|geb[uü]hr|preis|kaution|"
            r"beitrag|lohn|gehalt)|\bcu[aá]nto (?:cuesta|cuestan|vale|cobra|gana|pago)|\bcombien (?:co[uû]te)|"
            r"多少钱|价格|"
            r"费用是多少|いくら|料金"
        ),
    ),
    (
        ("frequency"),
        (
            r"\bhow often\b|\bhow frequently\b|\bwie oft\b|\bcada cu[aá]nto|\b[àa] quelle fr[eé]quence|"
            r"多久一次|何回|頻度"
        ),
    ),
    (
        ("duration"),
        (
            r"\bhow far (?:in advance|ahead)\b|\bhow much (?:notice|time)\b|\bhow long (?:ago|"
            r"before|after|do|does|did|can|may|will|has|have|had|until)\b|"
            r"\bhow long (?:is|are|was|were)\b(?!.*\b(?:password|name|text|title|word)s?\b)|"
            r"\bfor how long\b|\bhow long\b.{0,50}\b(?:last|take|work|valid|kept|stay)\w*|"
            r"\bhow (?:much time|quickly|soon|fast|"
            r"early|late)\b(?! (?:is|are|does|do|can) (?:the|a|it)\b.{0,40}\b(?:drive|run|"
            r"fly|go|travel))|"
            r"\bhow (?:many|much) (?:more |working |calendar |business )?(?:seconds?|minutes?|"
            r"hours?|days?|weeks?|months?|years?)\b|"
            r"\bwie lange?\b|\bwie viele (?:sekunden|minuten|stunden|tage|wochen|monate|"
            r"jahre)|\bwie (?:schnell|bald)\b|"
            r"\bcu[aá]nto (?:tiempo|dura|duran|tarda)|\bcu[aá]nt[oa]s (?:segundos|minutos|"
            r"horas|d[ií]as|semanas|meses|a[nñ]os)|"
            r"\bcombien de (?:temps|secondes|minutes|heures|jours|semaines|mois|ans)|多久|"
            r"多长时间|[几多]少?(?:天|年|个月|小时|分钟|周)|"
            r"どのくらいの期間|何(?:日間|時間|年間|か月|分間)|期間は"
        ),
    ),
    (
        ("time"),
        (
            r"(?:^|[,;:.?!] ?|\b(?:since|until|by|from|and|or|about) )when\b|\b(?:what|which) (?:year|"
            r"date|day|month|time|century|decade|season|hours)\b|\buntil when\b|"
            r"\bby (?:what|which) time\b|\bwann\b|\b(?:in )?welche[mrs]? (?:jahr|datum|tag|"
            r"monat|zeit|jahrhundert)|\bum wie ?viel uhr|"
            r"\bcu[aá]ndo\b|\bqu[eé] (?:a[nñ]o|fecha|d[ií]a|mes|hora|siglo)|(?:^|[,;:.] ?|"
            r"\b(?:depuis|et|jusqu'[àa]) )quand\b|\bquel(?:le)? (?:date|ann[eé]e|jour|mois|"
            r"heure|"
            r"si[eè]cle)|什么时候|何时|哪一?[年天月]|几[点月]|什么时间|いつ|何(?:時|年|月|曜日|日)"
        ),
    ),
    (
        "count",
        (
            r"\bhow many\b|\bnumber of\b|\bwie ?viele\b|\bcu[aá]nt[oa]s\b|\bcombien d|\bquant[ie]\b|"
            r"多少[个名人种次台辆家件项]|"
            r"[几][个名人种次台辆家件项]|有多少|何[台個人名本枚件]|いくつ"
        ),
    ),
    (
        ("number"),
        (
            r"\bhow (?:much|big|large|high|low|fast|old|strong|small|long)\b|\b(?:what|which)(?:'s|"
            r" is| are| was| were)?(?: (?:the|a|an|our|your|its))?(?: [\w-]+){0,2} (?:number|"
            r"amount|size|"
            r"speed|limit|maximum|minimum|population|rate|distance|age|share|height|length|"
            r"width|depth|voltage|power|capacity|"
            r"dimensions?|area|level)\b|\bwie ?(?:viel|hoch|gro[sß]+|alt|schnell|lang)\b|"
            r"\bcu[aá]nt[oa]\b|\bqu[eé] (?:cantidad|"
            r"n[uú]mero|edad|altura|tama[nñ]o)|\bcombien\b|\bquel(?:le)? (?:nombre|taux|"
            r"montant|taille)|多少|多大|どのくらい|いくら"
        ),
    ),
    (
        ("person"),
        (
            r"\b(?:who|whom|whose)\b|\bwe[rnm]\b|\bwessen\b|\bqui[eé]n(?:es)?\b|(?:^|[,;] ?|"
            r"\bpar |\b[àa] |\bde )qui\b(?! est-ce que)|"
            r"谁|哪位|誰|だれ"
        ),
    ),
    (
        ("place"),
        (
            r"\bwhere\b|\b(?:in |at )?(?:what|which) (?:city|country|town|state|place|room|"
            r"building|continent|region|location|"
            r"street|floor)\b|\bwo(?:hin|her)?\b|\bd[oó]nde\b|\bo[uù]\b(?= )|\b(?:in )?welche[mrs]? (?:stadt|"
            r"land|ort|raum|"
            r"geb[aä]ude|region)|\bqu[eé] (?:ciudad|pa[ií]s|lugar|estado)|\bquel(?:le)? (?:ville|"
            r"pays|lieu|endroit)|哪里|哪儿|何地|"
            r"何处|在哪|どこ"
        ),
    ),
    (
        ("cause"),
        (
            r"\bwhy\b|\bwhat (?:was|is|were)? ?(?:the )?(?:reasons?|causes?)\b|\bwhat caused\b|"
            r"\bhow come\b|\bwarum\b|\bweshalb\b|"
            r"\bwieso\b|\bpor qu[eé]\b|\bpourquoi\b|(?<![称名改作成叫])为什么|为何|なぜ|どうして"
        ),
    ),
)
ASKED: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(text, re.IGNORECASE)) for kind, text in _ASKED
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a question asks for; `counted` are the stems that follow "how many"."""

    kind: Kind
    counted: tuple[str, ...] = ()


def expectation(question: str, content: list[Term]) -> Expectation | None:
    """The kind of thing that a question asks for, None where it may be anything."""
    found = [
        (match.start(), order, kind, match.end()) for order, (kind, match) in enumerate(_matches(question)) if match
    ]
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
