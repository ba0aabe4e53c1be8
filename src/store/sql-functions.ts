// The functions that people's own SQL may call: what computes a value from its arguments, and nothing that reaches beyond them.
// A list of what is allowed, not of what is not: each release of the engine brings functions that read files, ask models over the
// network or show the server's settings (26.7 has aiGenerate), and one that nobody has looked at yet must not be open. Names are in
// lower case: the engine takes some in any case, and no two of its functions differ in case only.

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** Functions of one row. */
const SCALAR = new Set([
  // Operators, comparison and logic
  ...words(`
    _cast abs and assumenotnull avg2 bitand bitcount bithammingdistance bitnot bitor bitrotateleft bitrotateright
    bitshiftleft bitshiftright bitslice bittest bittestall bittestany bitxor casewithexpression clamp coalesce
    divide divideornull equals exists firstnondefault gcd globalin globalnotin globalnotnullin globalnullin greater
    greaterorequals greatest grouping if ifnotfinite ifnull in intdiv intdivornull intdivorzero isdistinctfrom
    isfinite isinfinite isnan isnotdistinctfrom isnotnull isnull isnullable iszeroornull lcm least less lessorequals
    max2 midpoint min2 minus modulo moduloornull moduloorzero multiif multiply negate not notequals notin notnullin
    nullif nullin or plus positivemodulo positivemoduloornull sqr tonullable xor
  `),
  // Mathematics and rounding
  ...words(`
    acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh degrees e erf erfc exp exp10 exp2 factorial floor
    hypot intexp10 intexp2 isprime isprobableprime lgamma log log10 log1p log2 pi pow proportionsztest radians rand
    rand64 randcanonical round roundage roundbankers rounddown roundduration roundtoexp2 sigmoid sign sin sinh sqrt
    tan tanh tgamma trunc widthbucket
  `),
  // Arrays
  ...words(`
    array arrayall arrayaucpr arrayautocorrelation arrayavg arraybottomk arraycompact arrayconcat arraycount
    arraycumsum arraycumsumnonnegative arraydifference arraydistinct arraydotproduct arrayelement arrayelementornull
    arrayenumerate arrayenumeratedense arrayenumeratedenseranked arrayenumerateuniq arrayenumerateuniqranked
    arrayexcept arrayexists arrayfill arrayfilter arrayfirst arrayfirstindex arrayfirstornull arrayflatten arrayfold
    arrayintersect arrayjaccardindex arrayjoin arraylast arraylastindex arraylastornull arraymap arraymax arraymin
    arraynormalizedgini arraypartialreversesort arraypartialsort arraypopback arraypopfront arrayproduct
    arraypushback arraypushfront arrayremove arrayresize arrayreverse arrayreversefill arrayreversesort
    arrayreversesplit arrayrocauc arrayrotateleft arrayrotateright arrayshiftleft arrayshiftright arraysimilarity
    arrayslice arraysort arraysplit arraysum arraysymmetricdifference arraytopk arraytranspose arrayunion arrayuniq
    arraywithconstant arrayzip arrayzipunaligned countequal empty has hasall hasany hassubstr indexof length
    notempty range replicate reverse
  `),
  // Maps and tuples
  ...words(`
    dotproduct extractkeyvaluepairs map mapadd mapall mapapply mapconcat mapcontainskey mapcontainskeylike
    mapcontainsvalue mapcontainsvaluelike mapexists mapextractkeylike mapextractvaluelike mapfilter mapfromarrays
    mapkeys mappartialreversesort mappartialsort mappopulateseries mapreversesort mapsort mapsubtract mapupdate
    mapvalues tuple tupleconcat tupledivide tupledividebynumber tupleelement tuplehammingdistance tupleintdiv
    tupleintdivbynumber tupleintdivorzero tupleintdivorzerobynumber tupleminus tuplemodulo tuplemodulobynumber
    tuplemultiply tuplemultiplybynumber tuplenames tuplenegate tupleplus tuplepositivemodulobynumber
    tupletonamevaluepairs
  `),
  // Dates and times
  ...words(`
    adddate adddays addhours addinterval addmicroseconds addmilliseconds addminutes addmonths addnanoseconds
    addquarters addseconds addtupleofintervals addweeks addyears age changeday changehour changeminute changemonth
    changesecond changeyear datediff datename datetrunc formatdatetime fromdayssinceyearzero fromdayssinceyearzero32
    frommodifiedjulianday frommodifiedjuliandayornull fromunixtimestamp fromutctimestamp hop hopend hopstart
    makedate makedate32 makedatetime makedatetime64 monthname now now64 parsetimedelta subdate subtractdays
    subtracthours subtractinterval subtractmicroseconds subtractmilliseconds subtractminutes subtractmonths
    subtractnanoseconds subtractquarters subtractseconds subtracttupleofintervals subtractweeks subtractyears
    timediff timeslot timeslots timezoneof timezoneoffset today todayofmonth todayofweek todayofyear todaysinmonth
    todayssinceyearzero tohour toisoweek toisoyear tolastdayofmonth tolastdayofweek tomicrosecond tomillisecond
    tominute tomodifiedjulianday tomodifiedjuliandayornull tomonday tomonth tomonthnumsinceepoch tonanosecond
    toquarter torelativedaynum torelativehournum torelativeminutenum torelativemonthnum torelativequarternum
    torelativesecondnum torelativeweeknum torelativeyearnum tosecond tostartofday tostartoffifteenminutes
    tostartoffiveminutes tostartofhour tostartofinterval tostartofisoyear tostartofmicrosecond tostartofmillisecond
    tostartofminute tostartofmonth tostartofnanosecond tostartofquarter tostartofsecond tostartoftenminutes
    tostartofweek tostartofyear totimewithfixeddate totimezone tounixtimestamp toutctimestamp toweek toyear
    toyearnumsinceepoch toyearweek toyyyymm toyyyymmdd toyyyymmddhhmmss tumble tumbleend tumblestart utctimestamp
    windowid yesterday yyyymmddhhmmsstodatetime yyyymmddhhmmsstodatetime64 yyyymmddtodate yyyymmddtodate32
  `),
  // Text
  ...words(`
    alphatokens appendtrailingcharifabsent arraystringconcat ascii base32decode base32encode base58decode
    base58encode base64decode base64encode base64urldecode base64urlencode bytehammingdistance casefoldutf8
    comparesubstrings concat concatwithseparator countmatches countmatchescaseinsensitive countsubstrings
    countsubstringscaseinsensitive countsubstringscaseinsensitiveutf8 dameraulevenshteindistance editdistance
    editdistanceutf8 endswith endswithcaseinsensitive endswithcaseinsensitiveutf8 endswithutf8 extract extractall
    extractallgroupshorizontal extractallgroupsvertical extractgroups firstline format hassubsequence
    hassubsequencecaseinsensitive hassubsequencecaseinsensitiveutf8 hassubsequenceutf8 hastoken
    hastokencaseinsensitive hastokencaseinsensitiveornull hastokenornull ilike initcap initcaputf8 isvalidascii
    isvalidutf8 jarosimilarity jarowinklersimilarity left leftpad leftpadutf8 leftutf8 lengthutf8 like locate lower
    lowerutf8 match multisearchallpositions multisearchallpositionscaseinsensitive
    multisearchallpositionscaseinsensitiveutf8 multisearchallpositionsutf8 multisearchany
    multisearchanycaseinsensitive multisearchanycaseinsensitiveutf8 multisearchanyutf8 multisearchfirstindex
    multisearchfirstindexcaseinsensitive multisearchfirstindexcaseinsensitiveutf8 multisearchfirstindexutf8
    multisearchfirstposition multisearchfirstpositioncaseinsensitive multisearchfirstpositioncaseinsensitiveutf8
    multisearchfirstpositionutf8 ngrams notilike notlike overlay overlayutf8 position positioncaseinsensitive
    positioncaseinsensitiveutf8 positionutf8 regexpextract regexpposition regexpquotemeta repeat replaceall
    replaceone replaceregexpall replaceregexpone reversebyseparator reverseutf8 right rightpad rightpadutf8
    rightutf8 soundex space splitbychar splitbynonalpha splitbyregexp splitbystring splitbywhitespace startswith
    startswithcaseinsensitive startswithcaseinsensitiveutf8 startswithutf8 stringbytesentropy stringbytesuniq
    stringjaccardindex stringjaccardindexutf8 substring substringindex substringindexutf8 substringutf8 tokens
    tovalidutf8 translate translateutf8 trimboth trimleft trimright trybase32decode trybase58decode trybase64decode
    trybase64urldecode upper upperutf8
  `),
  // JSON, addresses and encodings
  ...words(`
    bin char cutfragment cutquerystring cutquerystringandfragment cuturlparameter cutwww decodeurlcomponent
    decodeurlformcomponent domain domainwithoutwww encodeurlcomponent encodeurlformcomponent extracturlparameter
    extracturlparameternames extracturlparameters fragment hex ipv4numtostring ipv4numtostringclassc ipv4stringtonum
    ipv4stringtonumordefault ipv4stringtonumornull isipaddressinrange isipv4string isipv6string isvalidjson
    json_exists json_query json_value jsonarraylength jsonextract jsonextractarrayraw
    jsonextractarrayrawcaseinsensitive jsonextractbool jsonextractboolcaseinsensitive jsonextractcaseinsensitive
    jsonextractfloat jsonextractfloatcaseinsensitive jsonextractint jsonextractintcaseinsensitive jsonextractkeys
    jsonextractkeysandvalues jsonextractkeysandvaluescaseinsensitive jsonextractkeysandvaluesraw
    jsonextractkeysandvaluesrawcaseinsensitive jsonextractkeyscaseinsensitive jsonextractraw
    jsonextractrawcaseinsensitive jsonextractstring jsonextractstringcaseinsensitive jsonextractuint
    jsonextractuintcaseinsensitive jsonhas jsonkey jsonlength jsontype netloc path pathfull port protocol
    querystring querystringandfragment simplejsonextractbool simplejsonextractfloat simplejsonextractint
    simplejsonextractraw simplejsonextractstring simplejsonextractuint simplejsonhas toipv4 toipv4ordefault
    toipv4ornull toipv4orzero toipv6 toipv6ordefault toipv6ornull toipv6orzero tojsonstring topleveldomain unbin
    unhex urlhierarchy urlpathhierarchy
  `),
  // Hashes, identifiers and distances
  ...words(`
    cityhash64 cosinedistance farmhash64 geodistance geohashencode greatcircleangle greatcircledistance halfmd5
    inthash32 inthash64 jumpconsistenthash l1distance l1norm l1normalize l2distance l2norm l2normalize
    l2squareddistance l2squarednorm linfdistance linfnorm linfnormalize lpdistance lpnorm lpnormalize md5
    murmurhash3_128 murmurhash3_32 murmurhash3_64 pointinpolygon sha1 sha256 sha512 siphash128 siphash64
    touuidordefault touuidornull uuidnumtostring uuidstringtonum uuidtonum uuidv7todatetime xxh3 xxhash32 xxhash64
  `),
  // Conversions
  ...words(`
    accuratecast accuratecastordefault accuratecastornull cast date fromunixtimestamp64micro
    fromunixtimestamp64milli fromunixtimestamp64nano fromunixtimestamp64second parsedatetime
    parsedatetime32besteffort parsedatetime32besteffortornull parsedatetime32besteffortorzero parsedatetime64
    parsedatetime64besteffort parsedatetime64besteffortornull parsedatetime64besteffortorzero parsedatetime64ornull
    parsedatetime64orzero parsedatetimebesteffort parsedatetimebesteffortornull parsedatetimebesteffortorzero
    parsedatetimeornull parsedatetimeorzero tobfloat16 tobfloat16ornull tobfloat16orzero tobool todate todate32
    todate32ordefault todate32ornull todate32orzero todateordefault todateornull todateorzero todatetime
    todatetime32 todatetime64 todatetime64ordefault todatetime64ornull todatetime64orzero todatetimeordefault
    todatetimeornull todatetimeorzero todecimal128 todecimal128ordefault todecimal128ornull todecimal128orzero
    todecimal32 todecimal32ordefault todecimal32ornull todecimal32orzero todecimal64 todecimal64ordefault
    todecimal64ornull todecimal64orzero todecimalstring tofixedstring tofloat32 tofloat32ordefault tofloat32ornull
    tofloat32orzero tofloat64 tofloat64ordefault tofloat64ornull tofloat64orzero toint128 toint128ordefault
    toint128ornull toint128orzero toint16 toint16ordefault toint16ornull toint16orzero toint32 toint32ordefault
    toint32ornull toint32orzero toint64 toint64ordefault toint64ornull toint64orzero toint8 toint8ordefault
    toint8ornull toint8orzero tointerval tointervalday tointervalhour tointervalmicrosecond tointervalmillisecond
    tointervalminute tointervalmonth tointervalnanosecond tointervalquarter tointervalsecond tointervalweek
    tointervalyear tolowcardinality tostring totime totime64 totime64ornull totime64orzero totimeornull totimeorzero
    touint128 touint128ordefault touint128ornull touint128orzero touint16 touint16ordefault touint16ornull
    touint16orzero touint32 touint32ordefault touint32ornull touint32orzero touint64 touint64ordefault
    touint64ornull touint64orzero touint8 touint8ordefault touint8ornull touint8orzero tounixtimestamp64micro
    tounixtimestamp64milli tounixtimestamp64nano tounixtimestamp64second touuid touuidorzero
  `),
  // Other harmless ones
  ...words(`
    bar countdigits formatreadabledecimalsize formatreadablequantity formatreadablesize formatreadabletimedelta
    identity ignore materialize minsamplesizecontinuous minsamplesizeconversion parsereadablesize
    parsereadablesizeornull parsereadablesizeorzero rownumberinallblocks seriesdecomposestl
    seriesoutliersdetecttukey totypename transform visiblewidth
  `),
  // SQL spellings
  ...words(`
    array_remove array_to_string arrayauc arrayprauc byteslice cardinality casewithexpr casewithoutexpr
    casewithoutexpression ceiling char_length character_length concat_ws curdate current_date current_timestamp
    date_bin date_diff date_format date_trunc day dayofmonth dayofweek dayofyear distancecosine distancel1
    distancel2 distancel2squared distancelinf distancelp extractallgroups flatten format_bytes from_base64 from_days
    from_unixtime from_utc_timestamp hour inet_aton inet_ntoa instr isascii json_array_length last_day lcase
    levenshteindistance levenshteindistanceutf8 ln localtimestamp lpad ltrim map_from_arrays mapcontains
    mapfromstring microsecond mid millisecond minsamplesizecontinous minute mismatches mod modornull month
    nanosecond normalizel1 normalizel2 normalizelinf normalizelp norml1 norml2 norml2squared normlinf normlp
    octet_length pmod pmodornull positive_modulo positive_modulo_or_null power quarter rand32 regexp_extract
    regexp_instr regexp_matches regexp_replace regexp_substr regexpinstr replace rpad rtrim scalarproduct second
    splitbyalpha str_to_date str_to_map substr substring_index time_bucket timestamp_diff timestampdiff to_base64
    to_days to_unixtime to_utc_timestamp tostartoffiveminute trim truncate ucase unnest utc_timestamp
    vectordifference vectorsum visitparamextractbool visitparamextractfloat visitparamextractint
    visitparamextractraw visitparamextractstring visitparamextractuint visitparamhas week width_bucket year yearweek
  `),
]);

/** Aggregates; each may carry the suffixes below (countIf, quantileExactIf, sumOrNull). */
const AGGREGATE = new Set([
  // Aggregates and window functions
  ...words(`
    analysisofvariance any any_respect_nulls anyheavy anylast anylast_respect_nulls approx_top_k approx_top_sum
    argandmax argandmin argmax argmin avg avgweighted boundingratio categoricalinformationvalue contingency corr
    corrmatrix corrstable count covarpop covarpopmatrix covarpopstable covarsamp covarsampmatrix covarsampstable
    cramersv cramersvbiascorrected cume_dist deltasum deltasumtimestamp denserank entropy exponentialmovingaverage
    exponentialtimedecayedavg exponentialtimedecayedcount exponentialtimedecayedmax exponentialtimedecayedsum
    grouparray grouparrayintersect grouparraylast grouparraymovingavg grouparraymovingsum grouparraysample
    grouparraysorted groupbitand groupbitor groupbitxor groupconcat groupuniqarray histogram intervallengthsum
    kolmogorovsmirnovtest kurtpop kurtsamp lag laginframe largesttrianglethreebuckets lead leadinframe
    mannwhitneyutest max maxintersections maxintersectionsposition maxmappedarrays meanztest min minmappedarrays
    nth_value ntile percentrank quantile quantiledeterministic quantileexact quantileexactexclusive
    quantileexacthigh quantileexactinclusive quantileexactlow quantileexactweighted
    quantileexactweightedinterpolated quantileinterpolatedweighted quantiles quantilesdeterministic quantilesexact
    quantilesexactexclusive quantilesexacthigh quantilesexactinclusive quantilesexactlow quantilesexactweighted
    quantilesexactweightedinterpolated quantilesinterpolatedweighted quantilestdigest quantilestdigestweighted
    quantilestiming quantilestimingweighted quantiletdigest quantiletdigestweighted quantiletiming
    quantiletimingweighted rank rankcorr retention row_number sequencecount sequencematch simplelinearregression
    skewpop skewsamp sparkbar stddevpop stddevpopstable stddevsamp stddevsampstable studentttest
    studentttestonesample sum sumcount sumkahan summapfiltered summappedarrays summapwithoverflow sumwithoverflow
    theilsu topk topkweighted uniq uniqcombined uniqcombined64 uniqexact uniqhll12 uniqupto varpop varpopstable
    varsamp varsampstable welchttest windowfunnel
  `),
  // SQL spellings
  ...words(`
    anova any_value any_value_respect_nulls anylastrespectnulls anyrespectnulls anyvaluerespectnulls
    approx_top_count array_agg bit_and bit_or bit_xor covar_pop covar_samp dense_rank first_value
    first_value_respect_nulls firstvaluerespectnulls group_concat last_value last_value_respect_nulls
    lastvaluerespectnulls lttb max_by median mediandeterministic medianexact medianexacthigh medianexactlow
    medianexactweighted medianexactweightedinterpolated medianinterpolatedweighted mediantdigest
    mediantdigestweighted mediantiming mediantimingweighted min_by percent_rank std stddev stddev_pop stddev_samp
    string_agg var_pop var_samp
  `),
]);

/** Suffixes of aggregates. State and Merge are left out: they hand the inside of an aggregate in and out as bytes. */
const SUFFIX = /(?:if|array|map|distinct|ornull|ordefault|foreach|argmin|argmax|resample)$/;

/** Whether people's SQL may call a function of this name, written in any case. */
export function isAllowedFunction(name: string): boolean {
  let rest = name.toLowerCase();
  if (SCALAR.has(rest)) return true;
  while (!AGGREGATE.has(rest)) {
    const shorter = rest.replace(SUFFIX, '');
    if (shorter === rest) return false;
    rest = shorter;
  }
  return true;
}
