"""Words that say the same in the documents of organisations; the embedding of a single word tells it unsurely."""

from __future__ import annotations

from functools import cache

from outcrop.core.terms import fold, stem

# A line is a group; a word may stand in several. Opposites and neighbours (Monday, Tuesday; red, blue) never share one.
_GROUPS = """
holiday holidays vacation leave
absence absent leave off excused
ill illness sick sickness unwell disease
doctor physician medical doctors
note certificate attestation
salary wage wages pay remuneration earnings income
bonus premium gratification
pay paid pays payment compensate compensated compensation
pay paid settle settled
price cost costs fee charge charged amount rate
price cost costs expensive cheap
cheap cheapest inexpensive low lowest
expensive costly dear
expense expenses spending costs outlay
spend spent spending
refund refunded reimburse reimbursed reimbursement repaid repay
money funds budget cash
allowance grant subsidy contribution support paid
discount reduction rebate reduced deduction
deposit security
free gratis charge
invoice bill billing
employee employees staff worker workers personnel colleague colleagues people member
boss manager supervisor superior head lead leader
director chief head ceo president
company firm business organisation organization employer enterprise
customer customers client clients buyer purchaser
supplier vendor provider seller contractor
visitor visitors guest guests
tenant resident lodger
child children kid kids baby
parent parents mother father family
birth born baby childbirth
start begin began begins starting beginning commence commences
end ends finish finishes finished stop stops expire expires expiry terminate over
stop ends halt halted interrupt interrupted
close closed closes shut shuts closing
open opens opened opening
extend extension prolong longer
cancel cancelled cancellation terminate termination withdraw revoke revoked
resign leave quit resignation
dismiss dismissal
hire hired recruit employ employed
buy buys bought purchase purchased order orders procure
sell sold sale sales
order ordered
rent rental lease leased hire
borrow borrowed loan lend
own owner possess
keep kept store stored retain retained hold
store stored storage stock
throw dispose disposal discard discarded waste
put place
send sent submit submitted forward mail
report reported notify notified inform informed tell announce
ask request requested requests apply application
apply application applies
permit permitted allow allowed may can possible permission
forbid forbidden prohibited banned allowed
must required compulsory mandatory obligatory need necessary
require required needed
approve approved approval consent authorise authorised agree agreement sign signs
agreement contract arrangement
rule rules regulation regulations policy policies
check checked inspect inspected inspection examine examination test tested tests control
test tested tests load
calibrate calibration calibrated adjusted
repair repaired fix fixed restore restoration mend
broken damaged defect defective faulty fault failure
lose lost loss missing
steal stolen theft stole
find found
use used uses usage usable
last lasts duration runs run lasting
valid validity expire expires works
limit limited maximum ceiling most highest cap
maximum max most highest largest longest
minimum min least lowest smallest
big large size great
small little
long length duration
tall height high
wide width
heavy weight weigh weighs
hot warm temperature heat
cold temperature
thick thickness
deep depth
fast quick quickly speed soon within
often frequency interval every times
early ahead advance before beforehand
late delay delayed
reason cause caused because why
change changed changes modify modified amend
move moved moves relocate postponed shifted
postpone postponed delayed moved
replace replaced replacement substitute instead successor
spare replacement
new latest recent
former previous predecessor old earlier
current present now
total sum overall altogether
share portion percentage part fraction
number count quantity
car vehicle automobile
bicycle bike bikes cycle
bus buses coach
train rail railway
plane flight aircraft airline
trip journey travel tour voyage
hotel accommodation lodging
room chamber
meal meals food lunch dinner
drink drinks beverage
flat apartment
house building home
office workplace desk
home remote remotely house
abroad foreign overseas
phone telephone call extension number
call phone dial ring
mail email
address location
computer laptop pc device notebook
laptop device
password passphrase credentials
login logon sign
screen display monitor
internet web online network
link url
error fault failure mistake bug
reset restore restart
restart reboot
update updated upgrade upgraded
version release
firmware software
install installed installation setup
delete deleted remove removed erase erased
save stored
download downloaded
share shared sharing
picture photo photograph image photography
glasses spectacles
clothes clothing garments
bag luggage baggage suitcase rucksack
shoes footwear
meeting session conference
assemble gather meet meeting assembly
chair chairs chairman chaired
vote election
decide decided decision chose choose selected
choose chose chosen select selected pick
offer offered bid bids quote quotation
bid bidder bids offer offered
win won awarded chosen
plan planned scheduled schedule
deadline due date
goal target aim objective
result results outcome finding
increase increased rise rose grow grew growth
decrease decreased fall fell drop reduce reduced
build built constructed construction erected
make made produce produced manufacture manufactured
founded established set-up created started
invent invented developed
write wrote written author
teach teaches taught teacher instructor trainer
learn training course
course courses class classes lesson
training course seminar workshop
student students pupil pupils
exam examination test
book booked booking reserve reserved reservation
ticket admission entry
enter entry admission
leave exit
emergency urgent accident
fire blaze
alarm alert alarms
alert alerts alarm warning
warning alert caution
injury injured hurt wound
safe safety secure security
danger dangerous hazard hazardous risk
protect protected protection
insurance insured cover covered coverage
claim claims
cover covered includes included
include included includes contain contains
exclude excluded exception except
guarantee warranty guaranteed
pick picked collect collected collection pickup
deliver delivered delivery shipping shipped
ship shipping shipped delivery freight
parcel package packages shipment
return returned returns back
load loaded
tool equipment instrument device
machine apparatus
lamp light lights
battery cell charge
charge recharge charging charged
power electricity energy current consumption
electricity power
fuel petrol gasoline
water moisture
dry drying
clean cleaned cleaning cleans
wash washing laundry
quiet silent rest
noise loud
evening night
morning a.m
year annual yearly annually
month monthly
week weekly
day daily
hour hourly
weekend saturday sunday
weekday monday friday
calendar year
tester examiner
licence license permit
key keys
entrance door gate
floor storey level
car-park parking park
toilet restroom
lift elevator
stairs staircase
canteen cafeteria restaurant
kitchen pantry
garden yard
city town
country nation state
border frontier
language tongue
name called named title
meaning means mean meaning
color colour
urlaub ferien jahresurlaub
krank krankheit arbeitsunfahig
gehalt lohn verdienst
auto fahrzeug pkw wagen
fahrrad rad
wohnung mietwohnung
kosten preis gebuhr betrag entgelt
bezahlt vergutet bezahlung vergutung
beginnt anfang startet
endet schluss
erlaubt gestattet zulassig darf
verboten untersagt
halten gehalten
waschen waschgang waschmaschine
klavier musikinstrument musikinstrumente instrument
melden gemeldet mitteilen
firma betrieb unternehmen
chef leiter vorgesetzter
mitarbeiter beschaftigte arbeitnehmer
"""


@cache
def _alike() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in _GROUPS.split("\n"):
        group = {stem(fold(word)) for word in line.split()}
        for word in group:
            found.setdefault(word, set()).update(group - {word})
    return {word: frozenset(others) for word, others in found.items()}


def synonyms(key: str) -> frozenset[str]:
    """The stems of words that may stand for the word with this stem."""
    return _alike().get(key, frozenset())
