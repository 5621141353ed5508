# The name of each digit in its place: `digit` becomes `word`, 0 becomes zero.
#
#   zcat train.csv.gz | awk -f digit_names.awk >train.csv

BEGIN {
    FS = OFS = ","
    split("zero one two three four five six seven eight nine", name, " ")
}

NR == 1 {
    for (f = 1; f <= NF; f++) if ($f == "digit") column = f
    $column = "word"
}
NR > 1 { $column = name[$column + 1] }
{ print }
