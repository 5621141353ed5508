# Writes reports of a few sentences and a headline for each: what one of the sentences says, in other words.
#
#   awk -v examples=6000 -v seed=1 -f reports.awk >train.tsv
#
# Most sentences are about nothing; the one that counts says who did what to which thing, and when. The headline says it in
# the present tense, without its day and with the name alone.

# A random whole number below n. All awks give the same: the products stay below 2^53.
function below(n) {
    state = state * 16807 % 2147483647
    return int(state / 2147483647 * n)
}

function one_of(list, n) { return list[1 + below(n)] }

BEGIN {
    state = seed + 1
    for (i = 0; i < 10; i++) below(2)
    people = split("anna ben clara david emma felix grace henry iris jack", person, " ")
    titles = split("the_mayor doctor professor our_neighbour captain", title, " ")
    acts = split("bought=buys sold=sells found=finds lost=loses broke=breaks painted=paints repaired=repairs", act, " ")
    things = split("house boat piano bicycle clock bridge car violin lamp tower", thing, " ")
    kinds = split("old red wooden small famous", kind, " ")
    days = split("on_monday yesterday in_the_morning last_week at_night", day, " ")
    idle = split("it_rained_all_day|nobody_was_surprised|the_streets_were_empty|people_talked_about_the_weather|" \
                 "the_market_was_open|music_was_played", nothing, "|")
    print "report\theadline"
    for (e = 1; e <= examples; e++) {
        who = one_of(person, people)
        split(one_of(act, acts), done, "=")
        what = one_of(thing, things)
        if (below(2)) what = one_of(kind, kinds) " " what
        sentences = 2 + below(4)
        news = 1 + below(sentences)
        text = ""
        for (s = 1; s <= sentences; s++) {
            line = one_of(nothing, idle)
            if (s == news)
                line = one_of(day, days) " " (below(2) ? one_of(title, titles) " " : "") who " " done[1] " the " what
            text = text (s > 1 ? " " : "") line " ."
        }
        gsub("_", " ", text)
        print text "\t" who " " done[2] " " what
    }
}
