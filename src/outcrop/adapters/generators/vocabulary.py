"""Words of questions that say little, or only what kind of thing is asked for."""

from __future__ import annotations

# Words that fit any question about their subject, folded.
_LIGHT_WORDS = """
get take make made need want use used give given go come happen happened find see look put keep mean work
called call name type kind thing people person way much allowed allow exist located main following different
considered known include included possible permitted necessary required current maximum minimum highest lowest
total early big high long usual normal own whole right correct proper must ask do matter happens there gibt
hay tener poder goes went gone off came comes taken takes sent send gave gives kept set run runs turn turned
hold held become begin began start starts started end ends try tried bring brought say says means talk tell
told help helps certain special several various general specific particular new old good best better bad able
available actual time times things case cases example part parts kinds sort number amount
"""
LIGHT = frozenset(_LIGHT_WORDS.split())
# Words that only say what kind of thing is asked for: where there is one, they are answered.
# A line begins with its kind.
_KIND_WORDS = """
money cost costs price pay paid pays charge charged spend spent much money kostet kosten preis cuesta cuestan
  precio coute prix bezahlt zahlen pagar hoch
duration long last lasts take takes time day days hour hours week weeks month months year years minute minutes
  soon fast quickly early late working dauert dauer dauern lang lange zeit tage stunden wochen monate jahre
  dura durar duracion tiempo dias horas dure duree temps jours heures mois ans run runs
time time day date year month hour hours week century tag jahr monat uhr uhrzeit datum dia ano fecha hora mes
  jour annee heure mois welchem welchen
count number many zahl anzahl numero nombre
number number high big large old fast size much long hoch gross alt schnell amount
person name person
place place located city country room location find found ort befindet encuentra lugar
frequency often frequently oft
temperature temperature hot cold warm temperatur temperatura
weight weight heavy weigh weighs gewicht schwer pesa poids
length tall wide deep thick high far long length width height breit tief dick hoch
cause reason reasons cause caused grund razon motivo raison
percent percent percentage per cent share prozent porcentaje pourcentage
phone phone number telephone call extension telefon nummer telefono numero
mail e mail email address
web ip url address page site website web
colour colour color farbe couleur
"""
OF_KIND: dict[str, frozenset[str]] = {
    words.split()[0]: frozenset(words.split()[1:]) for words in _KIND_WORDS.replace("\n  ", " ").split("\n") if words
}
# Nouns have capitals where these stand, so that a capital makes no name.
GERMAN = frozenset(
    (
        "der",
        "die",
        "das",
        "ist",
        "sind",
        "wie",
        "wer",
        "wo",
        "wann",
        "was",
        "welche",
        "welcher",
        "welches",
        "wird",
        "werden",
        "ich",
        "ein",
        "eine",
        "im",
        "am",
    )
)
