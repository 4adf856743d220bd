"""Signs of self-harm and abuse in English, and what only looks like them. Lists, and no logic.

Written for text from `folding.folded`. Every gap is bounded, so that no text takes long.
"""

from __future__ import annotations

HARMLESS = (
    r"(?:is|are|was|were|'s|'re|been|be) (?:really |literally |absolutely |just |"
    r"so )?killing (?:me|us|it)\b",
    r"(?:could|would|'d|might|almost|nearly|about|wanna|want to|going to|gonna|thought i'd|"
    r"i'?ll) (?:just |literally |have )?(?:die|died|dying) (?:of|from|laughing|for|on|"
    r"in (?:this|that) heat|if|when|over|with)\b(?! me\b)",
    r"(?:nearly|almost|literally) (?:die[ds]?|killed me)\b",
    r"\bdying (?:to|for|of|laughing)\b",
    r"(?:joke|video|song|line|face|laugh|meme|hike|shoes?|back|feet|it|that|this|"
    r"workout) (?:really |just |nearly |almost )?kill(?:s|ed) me\b",
    r"kill(?:s|ed|ing)? (?:two birds|(?:some |the )?time|the (?:lights?|mood|engine|process|"
    r"vibe|boss)|for a\b|it\b|a process|an? hour|my (?:vibe|battery|appetite|back|feet|"
    r"plants?))",
    r"(?:is|are|was|were|will|would|'s|'ll|'d)(?: totally| so| probably)? ?(?:going to |"
    r"gonna )?(?:kill|murder) me\b(?= (?:if|when|for|because|over)\b|[ ,]*$)",
    r"(?:could|would|'d) kill (?:for|my \w+ for)\b",
    r"to die for\b",
    r"drop[- ]dead\b",
    r"dead (?:tired|end|line|serious|ringer|on|weight|silence|battery|lift)|deadlines?\b",
    r"rather (?:die|be dead|kill myself) than (?!live|liv|keep|go back|stay|wake|face|go on|"
    r"be)",
    r"die[- ]?hard|old habits die|never say die|do or die|die another day|die on this hill",
    r"(?:phone|battery|car|laptop|plants?|engine|line|wifi|computer)(?:'s| is| are| was|"
    r" has)? (?:just )?(?:die[ds]?|dead|dying)\b",
    r"suicide (?:squad|silence|doors?|awareness|prevention|rates?|statistics|hotline|bomb\w*|"
    r"attacks?|watch|mission|drills?|pact|king of rap)|suicides (?:is|are) |political suicide|"
    r"career suicide",
    r"(?:jump(?:ed|ing)?|dive|dived) (?:off|from|into) (?:\w+ ){0,3}(?:cliff|rock|board|"
    r"bridge|boat|pier|platform)s? (?:and )?(?:in|into|to) ?(?:the|a)? ?(?:lake|sea|water|"
    r"river|pool|ocean|net)",
    r"(?:bungee|skydiv\w*|parachut\w*|zip ?line)[^.!?]{0,40}",
    r"living (?:out of|in|with|at|on|near|together|alone|abroad|room|here|there|paycheck)\b",
    r"(?:want|need|wish|can't wait for)(?: \w+){0,2} (?:it|this|everything|"
    r"exams?)(?: all)? to be (?:over|done)(?=[^.!?]{0,30}(?:exam|essay|school|week|work|"
    r"winter|project|semester|move|shift|holiday|season))",
    r"(?:make|makes|made|making) me (?:want to|wanna) die (?:of|laughing|inside lol)|(?:lol|"
    r"lmao|haha)[^.!?]{0,20}(?:kill me|dying|dead)|(?:dying|dead|kill me)[^.!?]{0,12}(?:lol|"
    r"lmao|haha)",
    r"cut(?:ting|s)? (?:my|him|her|them)sel(?:f|ves) (?:shaving|some|off|a |on |while|short|"
    r"out|cook|open on)",
    r"(?:hurt|burn(?:ed|t)?|hit|scratched) (?:my|him|her)self (?:at|playing|skiing|in the|"
    r"falling|cook|lifting|on (?:the|a)|by accident|accidentally|while|running|moving|"
    r"with the oven|badly)",
    r"hang(?:ing)? (?:my|him|her)self (?:some|a )",
    r"overdos\w* (?:on|of) (?:chocolate|caffeine|coffee|sugar|tv|netflix|cuteness|cheese|"
    r"christmas|candy|sweets|cake|ice cream|tea|carbs|news|memes)",
    r"(?:hit|hits|hitting) (?:me|us) (?:up|that|how|out of|hard that)\b",
    r"(?:it|that|this|reality|realisation|realization|news|song|smell|grief)(?: just|"
    r" really)? hits? me\b",
    r"hit(?:s|ting)? on me\b",
    r"beat(?:s|ing)? (?:me|us) (?:at|in|to|by|there|again at|with a|easily)\b",
    r"beat me (?:\w+ )?times",
    r"kick(?:s|ed|ing)? me (?:out|off|from|all night|under|in the ribs)",
    r"(?:cat|kitten|dog|puppy|baby|toddler|ball|horse|parrot|bird|newborn|"
    r"door)s? (?:\w+ )?(?:hits?|kick(?:s|ed)?|bit(?:es)?|scratch(?:es|ed)?|slap(?:s|ped)?|"
    r"beats?)\b(?: \w+){0,2}",
    r"touch(?:es|ed)? me (?:deeply|with (?:his|her|their) (?:words|kindness)|so much)|"
    r"touched my heart",
    r"forc(?:ed|es|ing) me to (?:try|eat|listen|watch|laugh|dance|rest|sit|take a break|think|"
    r"learn|go)\b",
    r"(?:dog|cat|puppy|kitten|song|rain|smell)(?: \w+){0,2} follow\w* me",
    r"shoot(?:ing)? (?:some|great|photos|hoops|a (?:film|video|movie|message|text))|"
    r"photo ?shoot",
    r"abus(?:ed?|ing|es) (?:the|of the|my) (?:word|machine|privilege|copy|system|caps|printer|"
    r"keyboard)",
    r"will to live forever|live (?:in|at|with|by|near|on|next|there|forever|alone|abroad|"
    r"far)\b(?! (?:this|a) (?:world|body|pain))",
    r"wake up (?:early|at|so|before|late|for|to (?:an?|the) alarm|on)\b",
    r"(?:grabbed|pulled|pushed|caught) (?:me|my arm)(?: \w+){0,2} (?:so (?:i|that i) (?:wouldn't|"
    r"didn't)|before "
    r"i (?:fell|stepped))|\bburden on (?:this|the|my) team\b|\bpunish\w* myself with \w+|"
    r"\bdream(?:ing|t)? (?:of|about) dying\b(?= mean|[?])|\blast message (?:today|for today)|"
    r"\b(?:beats?|beating) (?:his|her|their|the) (?:carpets?|rugs?|eggs?|drums?|time|record|"
    r"rivals?)\b",
    r"\bwould (?:jump|leap) off (?:a|any|the) \w+ (?:if|for)\b|\b(?:paramedic|nurse|medic|doctor|"
    r"pharmac\w+)\b[^.!?]{0,30}overdose\w*|\bbull(?:ied|ying) into\b|\b(?:boxing|sparring|"
    r"kickboxing|judo|rugby) \w+ (?:gave|hit|punched|kicked) me(?: a black eye)?|"
    r"\b(?:heroine|hero|character|novel's \w+) [^.!?]{0,40}",
)
"""Taken out before anything else is looked for."""

OWN_NEGATION = (
    r"(?:do not|don't|dont|doesn't|does not|didn't|did not|no longer|never|"
    r"not)(?: \w+){0,2} (?:want|wish|wanna|wanting|desire|deserve)(?:ed)?(?: to)? (?:live\b|"
    r"be alive|exist|be here (?:any|at all)|wake up|be around (?:any|at all)|keep living|"
    r"keep going|go on|continue living|stay alive|be living|breathe|see tomorrow|"
    r"be on this earth)",
    r"(?:don't|do not|doesn't|didn't) (?:feel like|see myself|see me|see him|picture myself|"
    r"imagine myself|expect to|plan to|plan on|think i'll)(?: be| be(?:ing)?|"
    r" still)? ?(?:liv(?:e|ing)|being alive|alive|existing|making it|growing old|grow old|"
    r"turn(?:ing)? \w+|see(?:ing)? my next)\b",
    r"(?:wouldn't|don't) (?:mind|care)(?: \w+){0,2} (?:dying|being dead|if i (?:die|died|live|"
    r"lived|didn't wake)|whether i live|about living)|\b(?:if|whether) i live or die\b",
    r"nothing (?:left )?(?:to live for|(?:here )?for me)\b|nothing worth living|"
    r"\bno future for me\b|\b(?:lost|losing|lose) (?:the|my|all) (?:will|desire) to live\b|"
    r"\bgiv(?:en|e|ing) up on (?:life|living)\b|\bgave up on life\b",
    r"(?:no|any|a single|one|the|little)(?: \w+)? (?:reason|point|purpose|will|desire|"
    r"use)(?: left)? (?:to|in|of|for me to|for)(?: me)?(?: keep(?:ing)?| go(?:ing)? on|"
    r" be(?:ing)?| continue| still| stay(?:ing)?)? ?(?:liv(?:e|ing)\b|alive|exist|life\b|wak|"
    r"going on|go on|carry on)",
    r"what(?:'s| is)(?: even)? the (?:point|use|purpose) (?:of|in)(?: even)? (?:living|life|"
    r"being alive|staying|going on|existing|waking up)",
    r"why (?:am i|should i|do i|bother)(?: even| still| bother| to)* (?:alive|live|living|"
    r"exist|keep going|here any|breath)",
    r"(?:not|isn't|isnt|no longer|never|n't|hardly)(?: \w+)? worth living",
    r"(?:hop(?:e|ing)|wish|pray|want|just)[^.!?]{0,40}(?:never|not|don't|didn't|won't|"
    r"wouldn't) (?:have to )?wak(?:e|ing) up",
    r"sleep(?: forever)? and (?:never|not) wak|never wak(?:e|ing) up again",
    r"wish(?:ed|es)? (?:that )?(?:i|he|she|they)(?:'d| was| were| had| could| just|"
    r" would)* ?(?:dead|die\b|(?:been )?never (?:been )?born|never existed|disappear|"
    r"not (?:be )?(?:alive|exist|born|here)|stop existing|vanish|not wake|wasn't (?:alive|"
    r"here|born)|weren't (?:alive|here|born))",
    r"(?:i|she|he)(?:'d| had| was| were)? never (?:been )?born\b",
    r"(?:better|happier|easier|lighter|relieved|fine)(?: off)?(?: \w+)? (?:without (?:me|him|"
    r"her|them)\b|if i (?:was|were|wasn't|weren't|died|disappeared|didn't exist|had never|"
    r"just died|just disappeared)|(?:when|once|with|if) i'?m (?:gone|dead)|if i'd never)",
    r"(?:no ?one|nobody|who|not a soul|they)(?: \w+){0,3} (?:notice|care|miss me|cry|mind|"
    r"sad)(?: \w+){0,3} (?:if|when) i(?:'m| am| was| were| just)? ?(?:died|die\b|disappear|"
    r"gone|dead|killed|vanish|not here)",
    r"if i (?:just )?(?:died|die\b|disappeared|vanished|was gone|were gone|was dead|were dead|"
    r"weren't here|wasn't here)[^.!?]{0,40}(?:no ?one|nobody|miss|care|notice|better|matter|"
    r"happier)",
    r"can(?:'t|not|t) (?:go on|keep going|carry on|do (?:this|it|life)|take (?:it|this|life)|"
    r"bear (?:it|this|life|living)|live like this|keep living|stand (?:it|living|"
    r"being alive))(?: \w+)? (?:any ?more|any longer|like this|living)\b(?! (?:heat|weather|"
    r"job|commute|traffic|diet|homework|puzzle|noise|winter|cold))",
    r"can(?:'t|not|t) (?:live like this|keep living|live with myself|face another day|"
    r"see a way out)",
    r"don't think i(?:'ll| will) (?:be (?:around|here|alive)|make it (?:to|"
    r"through) (?:tomorrow|the night|next))",
    r"won't be (?:around much longer|alive (?:for|by|much|tomorrow))|not be alive (?:for|by|"
    r"much|tomorrow)",
    r"(?:don't|dont|do not|no longer) (?:\w+ ){0,2}(?:want|wanna|"
    r"wish)(?: to)? (?:be here (?:anymore|any more|at all)|"
    r"exist|(?:a|any) (?:future|more days?|tomorrow)|open my eyes|come back from)\b",
    r"(?:won't|will not|wont|not|never) (?:\w+ ){0,3}(?:be (?:around|alive|here) (?:to see|"
    r"for (?:the results|christmas|my birthday))|live past|need(?:ing)? (?:it|it all|next "
    r"month's \w+) where i'm going|see (?:myself|me) at (?:\d\d|twenty|thirty|forty))\b",
    r"(?:can't|cannot) (?:do life|carry (?:on|this) (?:living|one more day)|continue living|go "
    r"on living|manage to kill)",
    r"\b(?:wish|hop(?:e|ed|ing)|want|pray(?:ed)?) (?:that )?(?:i|my heart|god|someone|the "
    r"\w+)(?: \w+){0,2} (?:had killed me|would kill me|take me (?:tonight|away|already)|just "
    r"stop(?:ped)? beating|won't wake|had died instead)\b",
)
"""Signs that carry their own "not"."""

SELF_HARM = (
    r"\bkill?(?:s|ed|ing)? ?(?:my|her|him|them|your|one|our) ?sel(?:f|ves?)\b",
    r"\b(?:want(?:s|ed|ing)?(?: to)?|wann?a|wish to|hop(?:e|ing) (?:to|i)|ready to|need to|"
    r"like to|love to|deserves? to|decided to|better to|how to|easier to|trying to|tried to|"
    r"plan(?:s|ned|ning)? to|prefer to|should|way to|let me)(?: \w+){0,2}? (?:die|dye|be dead|"
    r"be gone(?! (?:for the|from work))|disappear forever|cease to exist|"
    r"not exist)\b(?! (?:of|from|for|laughing|hard|happy|old|peacefully at|my hair))",
    r"(?:want|wanna|ready)(?: to)? end (?:it|everything|things)(?: all)?(?: now| tonight|"
    r" today| for good| forever)?\b(?! (?:with|between|early|on|there|here))",
    r"\b(?:end|ending|ended|finish|tak(?:e|es|ing)|took) (?:my|his|her|their|"
    r"your) (?:own )?li(?:fe|ves)\b(?! (?:savings|story))",
    r"(?<!the )\bend(?:ing)? it all\b(?! (?:was|with))|\b(?:want|need)(?:s|ed)? (?:it|"
    r"everything|the pain|the hurt|life|my life)(?: all)? to (?:stop|end|be over|be done)",
    r"\bunaliv\w*|sewer ?slide|\bsui?[csz]i?[dt]al\w*|\bsuicial\b|\bself[- ]?(?:harm|injur|"
    r"mutilat)\w*|\bselfharm\w*",
    r"(?<!\d )(?<!\d)\bkms\b(?! (?:away|per|from|to|an|long|north|south|of|at|today|run))",
    r"\b(?:done|tired|sick|exhausted|weary|fed up|enough)(?: \w+)? (?:of|with|from) (?:life|"
    r"living|being alive|existing|this life|my life|breathing)\b(?! (?:in|with|at|here))",
    r"\b(?:cut|cuts|cutting)(?: \w+)? ?(?:my|her|him|them)sel(?:f|ves)\b|\b(?:started|been|"
    r"went back to|back to) cutting\b(?: again)?(?! (?:down|back|out|grass|wood|hair))",
    r"\b(?:slit|slits|slitting|slash\w*|cut|cutting|carv\w+) (?:up )?(?:my|her|his|"
    r"their) (?:own )?(?:wrists?|arms?|thighs?|throat|veins?|skin)\b",
    r"\b(?:hurt|hurts|hurting|harm\w*|burn(?:s|ed|t|ing)?|injur\w+|punish\w*|hit|hitting|"
    r"scratch\w*|starv\w+|hate and hurt)(?: and \w+)? (?:my|her|him|them)sel(?:f|ves)\b",
    r"\bburn(?:ed|t|ing|s)? (?:my|her|his) (?:arms?|skin|legs?|thighs?|"
    r"hands?)(?: \w+){0,2} (?:on purpose|again|with)",
    r"\b(?:overdos\w*|od'?(?:ed|ing))\b",
    r"\b(?:took|take|takes|taking|swallow\w*|down(?:ed|ing))(?: \w+){0,3}? (?:all|whole|"
    r"entire|bottle|full|lot of|lots of|too many|handful|bunch|dozens?|every|forty|fifty|"
    r"thirty|twenty|\d\d)(?: \w+){0,4}? (?:pills?|tablets?|paracetamol|tylenol|meds\b|"
    r"medication|antidepressants?|xanax|ibuprofen|aspirin|sleeping)",
    r"\bhow (?:many|much)(?: \w+){1,4} (?:to|until|before|does it take|would|will|"
    r"can)[^.!?]{0,24}(?:die|kill|overdose|dead|lethal|fatal)\b",
    r"\blethal dose\b|\b(?:painless|easy|easiest|quick|quickest|fastest|best|least painful|"
    r"peaceful)(?: \w+){0,3}? (?:ways?|methods?) (?:to|of) (?:die|dying|kill\w* (?:my|your|"
    r"one)|suicide|end (?:my|it))",
    r"\b(?:jump|jumping|jumped|throw(?:ing)? (?:my|her|him)self|threw (?:my|her|him)self|"
    r"walk(?:ing)?|step(?:ping)?|driv(?:e|ing))(?: \w+){0,2} (?:off|from|in front of|under|"
    r"into|out of)(?: \w+){0,2} (?:bridge|building|roof|rooftop|train|tracks?|balcony|cliff|"
    r"window|traffic|truck|overpass|ledge|tree)\b",
    r"\b(?:bridge|roof|rooftop|ledge|balcony|cliff|platform|train)[^.!?]{0,50}\b(?:jump|"
    r"jumping|let go|let myself fall|step off)\b",
    r"\bhang(?:ing|ed)? (?:my|her|him)self\b|\bshoot(?:ing)? (?:my|her|him)self\b|"
    r"\bdrown(?:ing)? (?:my|her|him)self\b|\bblow my brains|\bbullet (?:in|"
    r"through) my (?:head|brain)|\bgun (?:to|in) my (?:head|mouth)",
    r"\b(?:goodbye|suicide|farewell) (?:letters?|notes?)\b(?! (?:in|from) (?:the|a) (?:book|"
    r"film|movie|office|colleague))",
    r"\b(?:ways?|want|easy|ready) to die\b|\b(?:stop(?:ped|ping)?|cease\w*|quit) (?:existing|"
    r"living|being alive|breathing)\b|\bsleep forever\b",
    r"\b(?:dying|death|being dead) (?:would|will|seems?|sounds?|feels?|looks?|is|might|must|"
    r"could)(?: \w+){0,3} (?:relief|better|easier|peace\w*|nice|comfort\w*|way|escape|answer|"
    r"release|appealing|option|freedom)\b",
    r"\b(?:think|thinking|thought|thoughts|dream\w*|fantasi\w+|obsess\w*|"
    r"daydream\w*)(?: \w+)? (?:about|of|with) (?:death|dying|ending (?:it|things|everything|"
    r"my)|not (?:being|existing|waking)|letting go|driving (?:off|into)|crashing|hanging|"
    r"jumping(?! (?:on|in|ship|rope|back|to))|stepping (?:off|in front)|disappearing forever|"
    r"my own (?:death|funeral))\b",
    r"\b(?:new|fresh|more|deep|deeper|hid(?:e|ing) (?:the|my)) (?:cuts|scars)\b|\bcuts (?:on|"
    r"all over|down|along|up) (?:my|her|his) |\brazor ?blades?\b|"
    r"\bcarv\w+ (?:\w+ ){0,2}(?:into|on|in) (?:my|her|his) (?:skin|arms?|legs?|thighs?)\b|"
    r"\bbleed(?:ing)? (?:out|to death)\b",
    r"\b(?:come|cry|came|cried|show up|speak) (?:to|at) my funeral\b|\bi(?:'ve|"
    r" have)? attempted (?:again|once|twice|last|on|before|in)\b|\b(?:suicide|failed|"
    r"survived my|since my|after my|my (?:last|first|second|third)) attempt\b(?! (?:at|to|"
    r"was at))",
    r"\bgoodbye (?:everyone|world|cruel|forever|for good)\b|"
    r"\bthis is (?:my )?(?:final )?goodbye\b|\bmy (?:last|final) (?:message|words|post|letter|"
    r"note)\b|\bby the time you read\b",
    r"\bhat(?:e|ing) (?:being alive|living|existing|that i (?:woke|wake)|waking up)\b|"
    r"\blet me die\b|\bdrink(?:ing)? (?:bleach|myself to death)\b|\bdrank bleach\b",
    r"\b(?:take|took|taken|takes|taking|swallow\w*|eaten) (?:like |about |all )?(?:\d{2,}|ten|"
    r"twelve|fifteen|twenty|thirty|forty|fifty|a hundred|my whole|a bunch of|too many|"
    r"so many)(?: of)?(?: \w+){0,2} (?:pills?|tablets?|paracetamol|tylenol|meds|ibuprofen|"
    r"aspirin|xanax)\b",
    r"\bgun (?:is )?loaded\b|\bloaded (?:the|a|my) gun\b|\bpull(?:ed|ing)? the trigger\b|"
    r"\bnoose\b|\bhit by a (?:car|bus|truck|train)\b(?= (?:and|so|today|just|on purpose|to))|"
    r"\b(?:crash|drive|steer)(?: \w+){0,3} (?:into (?:a|the) (?:tree|wall|river|oncoming|"
    r"pole)|on purpose|off (?:a|the) (?:bridge|cliff|road))\b",
    r"\b(?:join|be with|see) (?:\w+ ){1,3}(?:in heaven|on the other side)\b|"
    r"\bnot afraid to die\b|\bonly way out\b|\bsh (?:relapse|urges|again)\b",
    r"\b(?:think\w*|thoughts?|consider\w*|contemplat\w*|plann?\w*|commit\w*|"
    r"attempt\w*) (?:about |of |to )?(?:commit\w* )?(?:suici?de|sui[sz]ide|"
    r"sucide)\b(?! (?:prevention|squad|bomb))",
    r"\b(?:might|may) as well (?:be dead|die\b)|\bbetter off dead\b|\brather (?:be dead|"
    r"die)\b|\bleav(?:e|ing) this world\b|\bend (?:the|my|this) (?:pain|suffering|misery)\b|"
    r"\b(?:i|i'm|i am|feel like|just)(?: \w+){0,3} a burden\b(?: (?:to|on)\b)?",
    r"\b(?:offing|off) myself\b|\bend (?:things|my days)\b(?= for good|[.! ]*$)|\bwoke up "
    r"(?:and|which)[^.!?]{0,20}disappoint|\bdisappointed (?:that )?i (?:woke|wake|"
    r"didn't die|survived)\b|\b(?:happier|better) (?:as ashes|in the ground)\b",
    r"\b(?:tried|trying|attempt\w*) to (?:take|end) (?:my|his|her|their) (?:own )?life\b|\b(?:my|"
    r"her|his) (?:suicide )?attempt (?:failed|last)\b|\bkilling (?:my|him|her)self\b",
    r"\b(?:stockpil\w+|sav(?:ed|ing) up|hoard\w*|collect(?:ed|ing)|count(?:ed|ing)) (?:my |the |"
    r"all |up )*(?:pills|tablets|medication|meds|painkillers)\b",
    r"\b(?:scared|afraid|frightened) of (?:what i(?:'ll|'d| will| might| could) do|being alone "
    r"with (?:the|my|myself))(?: to myself)?\b|\bnot safe (?:with|from|by) myself\b|\bnot safe "
    r"(?:at home )?(?:by|with) myself\b",
    r"\b(?:voices?|head|mind|something in me)(?: \w+){0,3} (?:tell\w*|say\w*|want\w*|scream\w*)"
    r"(?: at)? me (?:to (?:die|jump|end|cut|hurt|kill|do it)|dead)\b",
    r"\bwant(?:s|ed)? me (?:dead|to die)\b|\b(?:dead|gone) (?:and buried )?(?:before|by) (?:my|"
    r"christmas|friday|sunday|tomorrow)\b",
    r"\bblades? (?:against|to|on|across) my (?:wrist|arm|skin|throat)\b|\b(?:stand|stood|sat|"
    r"standing|sitting) (?:on|at) the (?:edge|ledge|railing|window ?sill)\b(?=[^.!?]{0,60}(?:"
    r"bridge|roof|cliff|quay|jump|fall|hour|won't|tonight))",
    r"\b(?:walk|wade|swim) (?:out )?into the (?:sea|ocean|river|water) and (?:not|never)\b|"
    r"\b(?:imagin\w+|pictur\w+|plann?\w*) my (?:own )?(?:funeral|death|burial)\b|\bdrive into "
    r"(?:the|a) (?:quarry|lake|river|tree|wall)\b",
    r"\b(?:don't|do not) deserve to (?:live|be alive|breathe|exist|eat)\b|\b(?:only way|one way) "
    r"(?:this|it) (?:stops|ends)\b|\bwaste of (?:oxygen|space|air)\b|\bstill (?:breathing|"
    r"alive)\b(?=[^.!?]{0,12}$)(?<!is still alive)",
    r"\b(?:everyone|everybody|they|world|family)(?:'d| would|'ll| will)(?: \w+){0,3} (?:breathe "
    r"easier|exhale|be relieved|be (?:happier|better)|float)(?: \w+){0,3} (?:dead|died|gone|left|"
    r"sank|without me)\b|\b(?:favou?r|good) by (?:dying|being dead)\b",
    r"\bi(?:'ve| have)? (?:already )?(?:said|written|wrote|made) (?:all )?my (?:goodbyes?|"
    r"farewells?|last letters?)\b|\bdon't look for me\b|\btell my (?:\w+ ){1,2}i loved\b",
    r"\bwant(?:s|ed)? (?:to be )?(?:hit|run over) by an? (?:truck|bus|car|train|lorry)\b|\bwish "
    r"the (?:crash|accident|cancer|tumou?r) (?:had )?(?:killed|taken|took)\b|\bway out of (?:this "
    r"|my )?life\b|\bkill(?:ed)? (?:him|her|them)self\b",
)
"""Signs that a "not" before them takes back."""

TOPIC: tuple[str, ...] = (r"\bsuici?de?s?\b|\bsui[sz]ide\b|\bsucide\b",)
"""The bare word: a sign only where somebody close speaks of themselves, and no book does."""

RESOLVE = (
    r"\b(?:rope|noose|pills?|gun|razor|blades?|bridge|rooftop|will|ledge|charcoal)\b",
    r"\bi have a plan\b|\bhave (?:the|my) (?:pills|rope|gun) ready\b|\b(?:going|ready|gonna|"
    r"about)(?: to)? do it\b|\bdo it tonight\b|\bmade up my mind\b|\b(?:it|"
    r"everything) (?:all )?ends (?:tonight|this week|today|tomorrow)\b|\blast (?:night|"
    r"day) (?:alive|on earth)\b",
)
"""Means, and a decision: a sign together, even sentences apart."""

_WHO = (
    r"(?:he|she|they|husband|wife|boyfriend|girlfriend|bf|gf|partner|ex|dad|daddy|father|mum|"
    r"mom|mother|step\w+|parents|brother|sister|uncle|aunt|cousin|grand\w+|boss|coach|teacher|"
    r"priest|tutor|roommate|neighbou?r|man|men|guy|boys?|girls?|kids?|someone|somebody|people|"
    r"classmates?|fianc\w+|manager|everyone|landlord|stranger|doctor)"
)

_HITS = (
    r"(?:hit|hits|hitting|beat|beats|beating|beaten|slap\w*|punch\w*|kick\w*|chok\w+|"
    r"strangl\w+|smack\w*|whip\w*|shov\w+|burn\w*|attack\w*|assault\w*|hurt|hurts|hurting|"
    r"rap(?:ed|es|ing)|molest\w*|abus\w+|grop\w+|threaten\w*|stalk\w*|blackmail\w*|harass\w*|"
    r"tortur\w+|throttl\w+|spank\w*|bull(?:y|ies|ied|ying)|drug(?:ged|s))"
)

ABUSE = (
    r"\b(?:he|she|they|husband|wife|boyfriend|girlfriend|bf|gf|partner|ex|dad|daddy|father|"
    r"mum|mom|mother|step\w+|parents|brother|sister|uncle|aunt|cousin|grand\w+|boss|coach|"
    r"teacher|priest|tutor|roommate|neighbou?r|man|men|guy|boys?|girls?|kids?|someone|"
    r"somebody|people|classmates?|fianc\w+|manager|everyone|landlord|stranger|"
    r"doctor)(?:'s)?(?: \w+){0,3}? (?:hit|hits|hitting|beat|beats|beating|beaten|slap\w*|"
    r"punch\w*|kick\w*|chok\w+|strangl\w+|smack\w*|whip\w*|shov\w+|burn\w*|attack\w*|"
    r"assault\w*|hurt|hurts|hurting|rap(?:ed|es|ing)|molest\w*|abus\w+|grop\w+|threaten\w*|"
    r"stalk\w*|blackmail\w*|harass\w*|tortur\w+|throttl\w+|spank\w*|bull(?:y|ies|ied|ying)|"
    r"drug(?:ged|s))(?: \w+)? (?:me|us|my (?:face|head|kids|children|son|daughter|mum|mom|"
    r"mother|sister|brother))\b",
    r"\b(?:he|she|they)(?: \w+)? (?:hit|hits|hitting|beat|beats|beating|beaten|slap\w*|"
    r"punch\w*|kick\w*|chok\w+|strangl\w+|smack\w*|whip\w*|shov\w+|burn\w*|attack\w*|"
    r"assault\w*|hurt|hurts|hurting|rap(?:ed|es|ing)|molest\w*|abus\w+|grop\w+|threaten\w*|"
    r"stalk\w*|blackmail\w*|harass\w*|tortur\w+|throttl\w+|spank\w*|bull(?:y|ies|ied|ying)|"
    r"drug(?:ged|s)) (?:me|us|her|him)\b",
    r"\b(?:i|we)(?:'m|'ve| am| was| were| got| get| have| being| been|"
    r" keep)*(?: \w+)? (?:raped|molested|sexually (?:assaulted|abused|harassed)|assaulted|"
    r"abused|beaten|groped|stalked|trafficked|blackmailed|strangled|bullied|harassed|"
    r"threatened|tortured|drugged)\b(?! (?:by the (?:sun|rain|heat|weather)))",
    r"\b(?:being|been|getting|get) (?:raped|molested|abused|beaten|groped|stalked|bullied|"
    r"hit by)\b",
    r"\b(?:he|she|they|husband|wife|boyfriend|girlfriend|bf|gf|partner|ex|dad|daddy|father|"
    r"mum|mom|mother|step\w+|parents|brother|sister|uncle|aunt|cousin|grand\w+|boss|coach|"
    r"teacher|priest|tutor|roommate|neighbou?r|man|men|guy|boys?|girls?|kids?|someone|"
    r"somebody|people|classmates?|fianc\w+|manager|everyone|landlord|stranger|"
    r"doctor)(?: \w+){0,3}? (?:touch(?:es|ed|ing)?|fondl\w+|rubs?|rubbed) (?:me\b|my (?:body|"
    r"breasts?|thighs?|private\w*|legs?|chest))(?! (?:with|deeply|so))",
    r"\bma(?:kes|de|king) me touch|\btouch(?:es|ed|ing)? me (?:inappropriately|down there|"
    r"at night|where|in (?:bed|ways))|\bmy private parts\b",
    r"\bforc(?:ed|es|ing) (?:me (?:to|into)(?: \w+){0,4} (?:sex|bed|naked|touch|kiss|strip|"
    r"undress|marry|have)|himself on me|herself on me)|\bagainst my will\b|"
    r"\bmade me have sex\b",
    r"\bthreat(?:en\w*|s)?(?: \w+){0,3} (?:to|that|with|of) (?:\w+ ){0,2}(?:kill|hurt|beat|"
    r"hit|post|share|leak|send|burn|take|shoot|stab|a knife|a gun)|\b(?:said|says|told me|"
    r"swore)(?: \w+){0,2}(?: he| she| they)?(?:'d|'ll| would| will| is going to) (?:kill|hurt|"
    r"beat|stab|shoot|find) me\b",
    r"\b(?:post|leak|share|send|publish)\w*(?: \w+){0,2} (?:nudes?|naked|nude|intimate|sex)\b",
    r"\bstalk(?:ing|s|ed)? me\b|\b(?:have|got|is) a stalker\b|\bfollow(?:s|ed|"
    r"ing) me(?: \w+){0,3} (?:home|everywhere|to work|every)\b|\b(?:waits|waiting|shows up|"
    r"parked) outside (?:my|our) (?:work|house|home|school|flat|door)",
    r"\babusive (?:relationship|husband|wife|boyfriend|girlfriend|partner|father|mother|"
    r"marriage|home|parents?|ex|household|family)\b|\bdomestic (?:violence|abuse)\b|"
    r"\babus(?:es|ing|ed|ive) (?:me|to me|towards me)\b|\bmy abuser\b",
    r"\block(?:s|ed|ing)? me (?:in|up|inside|out of the house at)\b|\bwon't let me (?:leave|"
    r"go out|see (?:my|any|anyone)|out of)|\bdo(?:es|)n't (?:let me leave|feed me|let me eat|"
    r"let me out)",
    r"\b(?:afraid|scared|terrified|frightened) (?:of|to be (?:alone|home) with) (?:my|him|"
    r"her)\b ?(?:husband|wife|boyfriend|girlfriend|partner|dad|father|mum|mom|mother|step\w+|"
    r"uncle|brother|ex|parents)?",
    r"\b(?:scared|afraid|terrified)(?: to (?:go|come|be))? (?:back )?(?:at )?home\b|"
    r"\bsleep with (?:a knife|my door locked)",
    r"\b(?:knife|gun|bat|belt|weapon)(?: \w+)? (?:to|at|against|on) (?:my|me)\b|"
    r"\bthrows? (?:\w+ ){1,2}at (?:me|my)\b|\b(?:push\w*|shov\w*|threw) me (?:down|against|"
    r"into|to the)\b|\bpull(?:s|ed)? me by (?:my|the) hair\b",
    r"\b(?:comes?|coming|came|sneak\w*|snuck|gets|got|climb\w*|crawl\w*) (?:in|"
    r"into) (?:to )?my (?:room|bed)(?: \w+){0,2} ?(?:at night|every night|when|and|while|"
    r"naked)",
    r"\b(?:black eye|split lip|broken (?:rib|nose|jaw|arm))\b[^.!?]{0,40}\b(?:again|he|she|"
    r"fell|told|lied|hid|husband|dad|partner)\b|\btold (?:\w+ ){1,2}i (?:fell|tripped|"
    r"walked into)\b",
    r"\b(?:he|she|husband|wife|boyfriend|girlfriend|partner|they|father|mother|dad|mom|"
    r"mum)(?: \w+){0,2} (?:control\w* (?:all )?(?:my|what i|who i|every)|(?:check|track|"
    r"monitor|search)(?:s|es|ed|ing) my|scream\w* at me|yell\w* at me|calls? me (?:worthless|"
    r"stupid|a |names|useless|fat|ugly|crazy)|isolat\w+ me|humiliat\w+ me|spits? (?:on|at) me|"
    r"starv\w+ me|drag\w* me|pinn\w+ me|grabb?\w* me by|grabb?(?:ed|s) my|pull(?:s|"
    r"ed) my hair|broke my (?:arm|nose|ribs?|jaw|phone)|takes? (?:all )?my (?:money|wages|"
    r"salary|passport)|won't let me|doesn't let me|gets? violent|(?:is|was|turns|turned|"
    r"became) violent|exposed (?:him|her)self|spiked|knows where i live|forced (?:him|"
    r"her)self)\b",
    r"\bhands? (?:around|round|on|over) my (?:neck|throat|mouth)\b|\b(?:lays?|laid|puts?|"
    r"raised?|raises) (?:his|her|their|a) hands? (?:on|to|at|against) me\b|\bdrag\w* me (?:by|"
    r"across|down|out|into)\b",
    r"\b(?:don't|do not|didn't|never) feel safe (?:with|at|around|in my|near)\b|\b(?:not safe|"
    r"unsafe|in danger) (?:at|in my) (?:home|house|own)\b|\bfear(?:ing)? for my (?:life|"
    r"safety)\b|\bwon't leave me alone\b|\bwithout my consent\b|\bi said no\b|\bt(?:ook|aking|"
    r"akes) advantage of me\b|\bdrugged me\b|\bspiked my drink\b|\bkeep(?:s)? (?:it|"
    r"this) (?:a )?secret\b[^.!?]{0,20}touch|\brestraining order\b",
    r"\b(?:hit|beaten|slapped|kicked|punched|choked|touched|attacked|threatened|followed|"
    r"grabbed|assaulted|abused|raped|bullied|hurt) by (?:my|him|her|a man|a stranger|someone|"
    r"two|three|some|the|older|classmates)\b(?! (?:ball|door|words|wave|rain|wind))",
    r"\btold me to (?:go )?(?:die|kill)\b|\bbruises? (?:all over|everywhere|on my)|"
    r"\bhits? me when\b",
    r"\b(?:husband|wife|boyfriend|girlfriend|partner|dad|father|mum|mom|mother|stepdad|"
    r"stepfather|neighbou?r)(?: \w+){0,2}? (?:hit|hits|hitting|beat|beats|beating|beaten|"
    r"slap\w*|punch\w*|kick\w*|chok\w+|strangl\w+|smack\w*|whip\w*|shov\w+|burn\w*|attack\w*|"
    r"assault\w*|hurt|hurts|hurting|rap(?:ed|es|ing)|molest\w*|abus\w+|grop\w+|threaten\w*|"
    r"stalk\w*|blackmail\w*|harass\w*|tortur\w+|throttl\w+|spank\w*|bull(?:y|ies|ied|ying)|"
    r"drug(?:ged|s)) (?:her|him|them|his|the|their) ?(?:kids?|child|children|wife|daughter|"
    r"son)?\b",
    r"\b(?:friend|sister|brother|daughter|son|cousin|neighbou?r|colleague|mother|mum|mom|"
    r"roommate)(?: \w+)? (?:is|was|gets|keeps getting|has been|got)(?: being|"
    r" getting)? (?:abused|beaten|raped|hit|molested|assaulted|stalked|threatened|bullied)\b",
    r"\b(?:husband|wife|boyfriend|girlfriend|bf|gf|partner|ex|dad|father|mum|mom|mother|step\w+|"
    r"brother|uncle|aunt|fianc\S+|he|she|they)(?: \w+){0,2} (?:threw|throws|drag\w*|grab\w*|"
    r"pinch\w*|spat|spits?|slam\w*|smash\w*|pin(?:s|ned)|push\w*|yank\w*|bit|bites|scratch\w*|"
    r"lock(?:s|ed)?|tie[sd]|knock\w*) me\b(?! (?:a (?:kiss|ball|surprise|party|birthday)|for a|"
    r"on the swing|hard but))",
    r"\b(?:he|she|they|husband|wife|dad|father|mum|mom|mother|step\w+|boyfriend|partner)(?: \w+)?"
    r" (?:broke|breaks|smashed|twists?|squeez\w+|fractur\w+|burn(?:s|ed|t)) my (?:arm|nose|rib|"
    r"jaw|wrist|hand|finger|head|tooth|teeth|face|leg)\b",
    r"\b(?:comes?|came|gets?|got|climb\w*|walks?) (?:in|into|to) my (?:room|bed|bedroom)"
    r"(?: at night| when|[^.!?]{0,20}(?:night|sleep|shower))|\b(?:comes?|walks?) in (?:when|while) "
    r"i (?:shower|sleep|undress|change)\b|\bfilms? me (?:in|while)\b",
    r"\b(?:hands?|fingers?) (?:\w+ )?(?:on my thigh|in my (?:pants|trousers|underwear|bra)|under "
    r"my (?:skirt|shirt|dress|clothes)|up my (?:skirt|dress|leg)|round my (?:neck|throat)|around "
    r"my (?:neck|throat))\b|\bgrabbed my (?:throat|neck|hair|breasts?)\b",
    r"\b(?:having|had|have) sex (?:with me )?(?:although|though|while|when|"
    r"even)[^.!?]{0,30}(?:no\b|"
    r"asleep|didn't|drunk|never)|\bi (?:never agreed|said no|said stop)\b(?=[^.!?]{0,40}(?:stop|"
    r"anyway|sex|did|on top))|\bsex although i said no\b|\bexpos\w+ himself\b",
    r"\b(?:won't|doesn't|not|never|isn't) (?:let|letting|allow|allowed|allowing)(?: me| to)?(?: "
    r"\w+){0,2} (?:leave the (?:house|flat)|go out|see (?:a doctor|my (?:friends|family|sister|"
    r"mum))|have my own|out without|talk to (?:anyone|my|people)|leave)\b",
    r"\b(?:keeps?|took|takes|has|have|hides) (?:my|her) (?:passport|papers|visa|wages|salary|"
    r"pension|bank card|pay)\b(?=[^.!?]{0,60}(?:lock|leave|food|nothing|marry|room|push|go|$))",
    r"\b(?:afraid|scared|terrified|frightened) of (?:my|her) (?:own )?(?:husband|wife|boyfriend|"
    r"girlfriend|partner|dad|father|mum|mom|mother|stepdad|stepfather|stepmother|ex|brother|uncle)"
    r"\b|\bscared (?:to go|of going) home\b|\bcan't go home\b(?=[^.!?]{0,30}(?:beat|hit|he|dad))",
    r"\b(?:threaten\w*|says?|said|told me)(?: \w+){0,4} (?:post my (?:pictures|photos|nudes)|"
    r"throw acid|put me in the ground|kill me if i|find me (?:and|wherever)|hurt (?:me|the kids|"
    r"my \w+) if)\b|\b(?:pull(?:ed|s)|held|holds) an? (?:gun|knife) (?:on|to|at) (?:me|my)\b|"
    r"\bthreatened me\b|\bwill kill me if\b(?=[^.!?]{0,30}(?:leave|tell|find out i love|gay))",
    r"\b(?:what|things) (?:my |the |he |she )?(?:\w+ )?(?:does|did) to me\b(?=[^.!?]{0,40}$)(?<!"
    r"music does to me)|\bput (?:something|sth|drugs?) in my drink\b|\bsplit lip\b|\bmy "
    r"(?:\w+ )?(?:rapes|beats|molests|hits|chokes|abuses) me\b",
    r"\bi (?:saw|hear|heard|can hear)(?: \w+){1,4} (?:punch\w*|beat\w*|hit\w*|slap\w*|kick\w*|"
    r"chok\w*) (?:my|his|her|a) (?:\w+ )?(?:sister|mother|mum|wife|kids?|child|girlfriend|"
    r"son|daughter)\b",
)
"""What is done to the speaker, or to somebody they know."""

INTENT = (
    r"\bi(?:'m|'ll| am| will| want| wanna| would| really| just| need|"
    r" have)*(?: \w+)? ?(?:going to|gonna|want to|wanna|will|to|planning to|"
    r"about to)? ?(?:kill|murder|stab|shoot|strangle|poison|hurt|choke) (?:him\b|her\b|them\b|"
    r"everyone|everybody|my (?:ex|dad|father|mum|mom|mother|step\w+|husband|wife|boss|brother|"
    r"sister|roommate|partner|boyfriend|girlfriend|parents|family|kids?|children|teacher|"
    r"classmates?|neighbou?r|uncle|whole)|people|someone|somebody|that (?:bastard|man|woman|"
    r"bitch)|those|all of them|you all)(?! (?:at|in) (?:chess|tennis|the game|mario|cards))",
    r"\b(?:thoughts? of|think about|thinking about|urge to|fantas\w+ about) (?:kill|murder|"
    r"stab|shoot|hurt|strangl)(?:ing)? (?:him|her|them|people|someone|everyone|my (?!self)\w+)",
    r"\b(?:want|need|wish)(?:ed)? (?:him|her|them|my (?:dad|father|husband|boss|ex|stepdad|"
    r"mother|wife)) (?:dead|to die)\b|\bmake (?:him|her|them) bleed\b",
    r"\b(?:shoot up|blow up|burn down) (?:the|my) (?:school|office|house|place|building)\b",
    r"\bi (?:hit|slap(?:ped)?|beat|shook|shake|hurt|punched) (?:my|the) (?:\w+ )?(?:child|kid|"
    r"kids|wife|daughter|son|girlfriend|baby|boyfriend|husband)\b(?=[^.!?]{0,60}(?:again|how to "
    r"stop|fell|scared|afraid|can't stop|hard|$))",
    r"\bbring(?:ing)? (?:a|my|the) (?:gun|knife|bat) to (?:school|work)\b|\b(?:beat|hurt) "
    r"(?:him|her|them)(?: \w+){0,3} (?:can't walk|never walks?|never gets? up|bleeds?)\b|"
    r"\bi want my (?:\w+ )?(?:father|mother|husband|wife|boss|ex) dead\b",
)
"""What the speaker means to do to somebody else."""

NOT_BEFORE = (
    r"(?:\b(?:not|never|isn't|aren't|wasn't|ain't|don't|dont|didn't|wouldn't|won't|no longer|"
    r"stopped|without|nor|neither|no)\b)(?: (?:ever|really|actually|even|want|wanted|wanting|"
    r"going|gonna|to|be|am|feel|feeling|of|about|think|thinking|thought|thoughts|had|have|"
    r"having|been|any|a|risk|seriously|considered|considering|consider|try|tried|trying|do|"
    r"anything|like|mean|meant|that|i|i'd|would))*\s*$"
)

TOLD = (
    r"\b(?:novel|book|movie|film|series|episode|season|show|character|plot|story|song|lyrics?|"
    r"line|poem|game|level|boss|npc|respawn\w*|minecraft|gta|anime|manga|play|opera|"
    r"documentary|podcast|news|article|report|study|studies|statistics|research|thesis|essay|"
    r"lecture|seminar|class|course|law|bill|history|historical|prevention|awareness|campaign|"
    r"charity|hamlet|romeo|juliet|chapter|fiction|script|police|celebrity)\b"
)
"""Where others are told of: books, films, games, news, study."""

PLAY = (
    r"\b(?:in the game|game|minecraft|gta|fortnite|respawn\w*|level|speedrun|the sims|"
    r"boss fight|mario|zelda|raid|lobby|ranked)\b"
)

LONG_AGO = (
    r"\b(?:used to|years ago|long ago|as a (?:teen\w*|kid|child)|back then|in (?:high|primary|"
    r"middle|elementary) school|when i was (?:a|young|little|\d+|in))\b"
)

WELL_NOW = (
    r"\b(?:i'm (?:fine|better|okay|ok|happy|good|over it|clean|past|healed)|fine now|"
    r"better now|okay now|ok now|good now|behind me|not any ?more|recovered|years clean|"
    r"glad i|happy now|laugh about it)\b"
)

FIRST = r"\b(?:i|i'm|im|i've|ive|i'll|i'd|me|my|mine|myself)\b"

OTHER = (
    r"\b(?:he|she|they|her|his|him|friends?|bestie|sister|brother|daughter|son|mum|mom|mother|"
    r"dad|father|husband|wife|roommate|flatmate|boyfriend|girlfriend|cousin|colleague|"
    r"coworker|classmate|uncle|aunt|neighbou?r|student|ex|partner|child|kid|nephew|niece|"
    r"grand\w+)\b"
)
