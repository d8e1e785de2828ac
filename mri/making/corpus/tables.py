"""Pairs that facts are made of: things and their colours, kinds, jobs, uses, causes, past tenses, plurals. Only tables."""

# ruff: noqa: E501 - a table of prose is easier to read and to mend unbroken

from mri.making.corpus.texts import pairs

THING_COLOURS = pairs(
    "grass/green,the sky/blue,snow/white,coal/black,a banana/yellow,a tomato/red,a carrot/orange,chocolate/brown,"
    "the sun/yellow,milk/white,a cherry/red,a leaf/green,an elephant/grey,a crow/black,a swan/white,a lemon/yellow,"
    "the sea/blue,a pumpkin/orange,a frog/green,a plum/purple,blood/red,a flamingo/pink,mud/brown,a cloud/white,"
    "the night/black,a cucumber/green,a canary/yellow,a strawberry/red,a violet/purple,a mouse/grey",
    between=",",
)
KINDS = tuple(
    (thing, kind)
    for kind, things in {
        "fruit": "apple banana pear plum peach cherry lemon grape orange melon",
        "vegetable": "carrot potato onion cabbage bean pea cucumber pumpkin",
        "animal": "dog cat cow horse lion monkey bear rabbit goat tiger",
        "bird": "crow sparrow pigeon owl parrot swan eagle robin",
        "insect": "bee ant fly beetle butterfly moth cricket wasp",
        "flower": "rose tulip daisy violet lily sunflower poppy",
        "tree": "oak pine birch willow maple palm elm",
        "tool": "hammer saw drill shovel rake axe",
        "toy": "doll kite puzzle robot ball yo-yo",
        "instrument": "drum flute guitar piano violin trumpet harp",
        "vehicle": "car bus truck tractor train bicycle",
        "part of the body": "hand foot arm leg nose ear eye mouth knee elbow shoulder finger toe neck",
        "piece of clothing": "shirt skirt coat sock jacket sweater glove belt dress",
        "piece of furniture": "chair table bed sofa shelf desk cupboard",
        "building": "house castle church school barn hospital tower",
        "drink": "tea juice milk water coffee lemonade",
        "fish": "salmon trout shark herring carp",
        "metal": "iron gold silver copper tin",
        "planet": "Mars Venus Saturn Jupiter Neptune",
        "shape": "circle square triangle rectangle star cube",
    }.items()
    for thing in things.split()
)
JOBS = pairs(
    "baker/bakes bread,farmer/grows food,teacher/helps children learn,doctor/helps sick people,pilot/flies planes,"
    "sailor/sails ships,painter/paints pictures,singer/sings songs,cook/makes meals,driver/drives a bus,"
    "gardener/plants flowers,writer/writes books,builder/builds houses,dentist/looks after teeth,"
    "fisherman/catches fish,tailor/sews clothes,postman/brings letters,firefighter/puts out fires,"
    "dancer/dances on a stage,vet/cares for animals,miner/digs for coal,judge/decides what is fair,"
    "librarian/lends books,carpenter/works with wood,astronaut/flies into space,shepherd/looks after sheep",
    between=",",
)
USES = pairs(
    "cut paper/scissors,sweep the floor/a broom,open a lock/a key,eat soup/a spoon,dig a hole/a shovel,"
    "tell the time/a clock,write a letter/a pen,see the stars/a telescope,hit a nail/a hammer,dry your hands/a towel,"
    "comb your hair/a comb,boil water/a kettle,keep off the rain/an umbrella,light a dark room/a lamp,"
    "wash your hands/soap,catch a fish/a net,climb a wall/a ladder,cross the sea/a ship,carry apples/a basket,"
    "clean your teeth/a toothbrush,cut wood/a saw,measure a table/a ruler,sew a shirt/a needle,take a photo/a camera",
    between=",",
)
CAUSES = pairs(
    "it rained all day/the ground was wet,the glass fell on the floor/it broke,the sun was very hot/the snow melted,"
    "the baby was tired/it fell asleep,the dog was hungry/it ate its food,the wind was strong/the kite flew high,"
    "nobody watered the plant/it dried out,the lamp was off/the room was dark,the ice was thin/it cracked,"
    "the bus was late/they had to wait,the soup was too hot/it burned his tongue,the door was locked/nobody came in,"
    "the balloon touched a thorn/it burst,the milk was left in the sun/it turned sour,the fire went out/the house was cold,"
    "the bag was too heavy/nobody could lift it,the road was icy/the car slid,the boat had a hole/it sank,"
    "the cat saw a mouse/it ran after it,the bell rang/the lesson was over,the cake stayed in the oven too long/it burned,"
    "the clock stopped/she was late for school,the cup was full/the tea spilled,the grass was dry/the goat had nothing to eat,"
    "the joke was funny/everybody laughed,the story was sad/she cried,the music was loud/the baby woke up,"
    "the seed got water and light/it grew,the rope was old/it snapped,the puddle froze/it turned to ice",
    between=",",
)
MATERIALS = pairs(
    "window/glass,book/paper,table/wood,sweater/wool,nail/iron,shoe/leather,candle/wax,wall/bricks,coin/metal,"
    "tyre/rubber,snowman/snow,shirt/cotton,pot/clay,crown/gold,boat/wood,mirror/glass,rope/fibres,statue/stone",
    between=",",
)

PAST = pairs(
    "go/went see/saw eat/ate drink/drank run/ran sing/sang swim/swam write/wrote read/read give/gave take/took "
    "come/came find/found lose/lost buy/bought bring/brought think/thought catch/caught teach/taught fly/flew "
    "grow/grew know/knew throw/threw draw/drew sleep/slept keep/kept feel/felt leave/left meet/met sit/sat "
    "stand/stood build/built send/sent break/broke speak/spoke wake/woke ride/rode drive/drove rise/rose fall/fell "
    "hold/held tell/told sell/sold say/said hear/heard make/made have/had do/did win/won begin/began forget/forgot "
    "hide/hid bite/bit walk/walked jump/jumped play/played look/looked help/helped laugh/laughed call/called"
)
PLURALS = pairs(
    "mouse/mice goose/geese foot/feet tooth/teeth child/children man/men woman/women leaf/leaves knife/knives "
    "wolf/wolves box/boxes brush/brushes baby/babies story/stories city/cities fish/fish dog/dogs house/houses "
    "star/stars hand/hands eye/eyes ear/ears nose/noses arm/arms leg/legs finger/fingers toe/toes"
)
