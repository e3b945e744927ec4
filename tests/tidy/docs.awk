# SPDX-License-Identifier: Apache-2.0
# Every page that a file names must exist, and every heading that is quoted
# after a page must stand in it:   docs/x.md, "Heading"
# which may break across lines. Input: the list of all files (standard input),
# the pages under docs, then (after phase=2) the files to check. LC_ALL=C.

# A line without the marks that a comment puts around it.
function plain(line)
{
    sub(/^[ \t]*(\/\*|\*\/|\*|#+|\/\/)?[ \t]*/, "", line)
    sub(/[ \t]*\*\/[ \t]*$/, "", line)
    return line
}

# A heading as it is quoted: without its marks, backticks and number.
function heading(line)
{
    sub(/^#+[ \t]*/, "", line)
    sub(/[ \t]*#*[ \t]*$/, "", line)
    gsub(/`/, "", line)
    return line
}

function unnumbered(text)
{
    sub(/^[0-9]+(\.[0-9]+)*\.?[ \t]+/, "", text)
    return text
}

function fault(line, text)
{
    printf "%s:%d: doc: %s\n", file, line, text
}

# A path without its "x/../" parts.
function tidied(path)
{
    while (sub(/(^|\/)[^\/.]+\/\.\.\//, "/", path)) {
        sub(/^\//, "", path)
    }
    gsub(/(^|\/)\.\//, "/", path)
    sub(/^\//, "", path)
    return path
}

# Pages and headings named in `text` from before the position `own`.
function check_pages(line, text, own,    page, at, quoted)
{
    at = 0
    while (match(text, /docs\/[A-Za-z0-9_\/.-]*\.md/)) {
        page = substr(text, RSTART, RLENGTH)
        at += RSTART
        if (at > own) {
            return
        }
        text = substr(text, RSTART + RLENGTH)
        at += RLENGTH - 1
        if (!(page in exists)) {
            fault(line, "there is no " page)
        } else if (match(text, /^`?, "[^"]+"/)) {
            quoted = substr(text, 1, RLENGTH - 1)
            sub(/^`?, "/, "", quoted)
            if (!((page, heading(quoted)) in headings)) {
                fault(line, "no heading \"" quoted "\" in " page)
            }
        }
    }
}

# Relative links of Markdown: [text](page.md#part).
function check_links(line, text,    target, folder)
{
    folder = file
    if (!sub(/[^\/]*$/, "", folder)) {
        folder = ""
    }
    while (match(text, /\]\([^)# ]+/)) {
        target = substr(text, RSTART + 2, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
        if (target !~ /^[a-z]+:/ && !(tidied(folder target) in exists)) {
            fault(line, "there is no " target)
        }
    }
}

# A quotation may go on in the next line, so a line is looked at with it.
function finish_line(next_line)
{
    if (before_line > 0) {
        check_pages(before_line, before " " next_line, length(before) + 1)
    }
}

BEGIN {
    while ((getline path <"-") > 0) {
        exists[path] = 1
        # A folder may be linked too.
        while (sub(/\/[^\/]*$/, "", path)) {
            exists[path] = exists[path "/"] = 1
        }
    }
}

phase != 2 {
    if ($0 ~ /^#+ /) {
        headings[FILENAME, heading($0)] = 1
        headings[FILENAME, unnumbered(heading($0))] = 1
    }
    next
}

FNR == 1 {
    finish_line("")
    before_line = 0
    file = FILENAME
}

{
    now = plain($0)
    finish_line(now)
    before = now
    before_line = FNR
    if (FILENAME ~ /\.md$/) {
        check_links(FNR, $0)
    }
}

END {
    finish_line("")
}
