"""Single sentences of daily life: who does what, where, with what, and what comes of it.

Frames keep what fits together together: a cook stirs soup, a sailor pulls ropes.
A filling that is held out is the frame with everything chosen in it.
"""

# ruff: noqa: E501 - sentences are easier to read and to mend unbroken

from mri.making.corpus.documents import Choices, Document, filling, sentence
from mri.making.corpus.world import PEOPLE

# who | does | what | how or where | what comes of it
FRAMES = tuple(
    tuple(tuple(slot.split("/")) for slot in row.split(" | "))
    for row in """the cook/the old chef | stirs/tastes/heats | the soup/the sauce/the stew | with a long spoon/in a copper pot/over the fire | the kitchen smells good/everybody gets hungry
the sailor/the captain | pulls/ties/holds | the ropes/the heavy chain/the sail | in the storm/on the deck/with both hands | the ship stays safe/the boat turns to the coast
the farmer/the farmer's wife | feeds/counts/calls | the hens/the sheep/the cows | before breakfast/behind the barn/at sunrise | the animals are quiet/the day can begin
the teacher/the new teacher | reads/explains/writes | a poem/a question/a long word | on the blackboard/in front of the class/in a clear voice | the pupils listen/the children learn something
the doctor/the nurse | looks at/washes/touches | the knee/the finger/the sore throat | with care/with warm hands/in the small room | the pain goes away/the patient feels better
the wind/the storm | shakes/bends/moves | the trees/the branches/the curtains | all night/over the hills/near the coast | leaves fall/the house creaks
the sun/the summer sun | warms/dries/lights | the stones/the wet clothes/the valley | after the rain/at noon/for many hours | steam rises/the lizard wakes up
the mechanic/my uncle | repairs/oils/checks | the engine/the wheel/the brakes | in the garage/with a wrench/under the truck | the car runs again/the noise is gone
the painter/the artist | paints/draws/colours | a portrait/a sunset/the wall | with a thin brush/in the studio/on canvas | people stop and look/the picture is sold
the baker/the young baker | kneads/bakes/slices | the dough/the loaf/fresh rolls | at four in the morning/in the hot oven/on a wooden board | the street smells of bread/the shop is full
the musician/the girl next door | plays/practises/tunes | the piano/the violin/the trumpet | on the balcony/in the concert hall/after dinner | the neighbours clap/the cat runs away
the mail carrier/the messenger | carries/drops/delivers | the parcel/the telegram/a thick envelope | through the snow/at the front door/on a bicycle | the dog barks/the good news arrives
the thief/the clever fox | steals/hides/grabs | the jewels/the silver/a fat chicken | at midnight/without a sound/behind the fence | nobody sees it/the guard wakes up
the king/the queen | wears/loses/polishes | the crown/the ring/the velvet cloak | in the palace/on the throne/at the feast | the servants search/the people cheer
the knight/the soldier | lifts/drops/sharpens | the sword/the shield/the spear | in front of the gate/in the battle/by the campfire | the dragon flees/the army waits
the dragon/the giant | guards/eats/wants | the gold/the cave/a whole mountain of porridge | in the north/behind the waterfall/for a hundred years | nobody dares to come/the ground trembles
the astronaut/the pilot | steers/checks/leaves | the rocket/the spaceship/the station | above the clouds/near the moon/with a steady hand | the earth looks tiny/the engines roar
the scientist/the student | studies/measures/draws | the planet/the insect/the strange plant | through a microscope/in the laboratory/with great patience | a secret is discovered/the page is full of numbers
the carpenter/my grandfather | saws/carves/glues | the plank/the chair/the little wooden horse | in the workshop/with sharp tools/on the bench | chips cover the floor/the toy is ready
the gardener/the neighbour | waters/cuts/plants | the roses/the hedge/the lettuce | in the shade/along the path/with a green hose | the bees come/the garden blooms
the spider/the tiny spider | spins/mends/climbs | the web/a thread/its silver net | between two branches/in the corner/at dawn | a fly gets caught/dew shines on it
the ant/the busy ant | drags/lifts/finds | a crumb/a dead beetle/a grain of rice | along the trail/up the wall/into the nest | the others help/winter can come
the bird/the robin | builds/guards/leaves | the nest/the branch/the blue eggs | high in the oak/in spring/with twigs and moss | the chicks are warm/the cat cannot reach it
the baby/the small child | throws/licks/hugs | the spoon/the teddy bear/the rattle | on the carpet/in the cradle/with a giggle | everyone smiles/the nap is over
the river/the stream | carries/cools/follows | the leaves/the smooth pebbles/the valley | down to the sea/through the canyon/under the bridge | the mill turns/fish swim along
the fisherman/the old man | mends/throws/pulls in | the net/the line/the hook | from the pier/in the fog/before sunset | a salmon bites/the bucket stays empty
the tailor/the grandmother | sews/knits/irons | the jacket/the woollen socks/the sleeve | by the window/with a golden thimble/under the lamp | the hole disappears/winter will not hurt
the shopkeeper/the seller | weighs/wraps/sells | the cheese/the fish/ten oranges | at the counter/in brown paper/for a fair price | the customer pays/the money rings
the policeman/the officer | stops/helps/follows | the traffic/the lost tourist/the black van | at the crossing/in the rush hour/with a whistle | the street is safe/everyone waits
the clown/the juggler | drops/balances/throws | three plates/the hoops/a custard tart | in the circus/on one leg/with a wink | the crowd roars/the children squeal
the moon/the full moon | lights/follows/touches | the road/the frozen lake/the rooftops | in December/at midnight/like a lantern | the owl hunts/the night feels friendly
the judge/the mayor | opens/signs/reads | the document/the new law/the speech | in the town hall/with a feather pen/before noon | the clerk nods/the people agree""".splitlines()
)


def sentences(c: Choices) -> Document:
    """Three to five sentences of daily life."""
    said, keys = [], []
    for _ in range(c.number(3, 5)):
        frame = c.pick(FRAMES)
        who, does, what, how, so = (c.pick(slot) for slot in frame)
        keys.append(filling("sentences", who, does, what, how))
        act = f"{who} {does} {what}"
        plain = (f"{act} {how}.", f"{act}.", f"{how} {act}.", f"{act}, and {so}.", f"when {act}, {so}.")
        said.append(sentence(c.pick((*plain, f"{c.pick(PEOPLE).name} sees how {act} {how}."))))
    return Document(" ".join(said), tuple(dict.fromkeys(keys)))


FAMILIES = {"sentences": (2.5, sentences)}
