#!/bin/sh
# Takes the place of ansible-playbook: a playbook whose output is made to harm whoever looks at it.
set -eu
printf '<script>window.harmed = 1</script><img src=x onerror="window.harmed = 1">\n'
printf '\033[31mred\033[0m \033[2J\033[Hover the whole screen \033]0;another title\007 \033]8;;https://evil.example\033\\a link\033]8;;\033\\\n'
printf 'user \342\200\256nimda\342\200\254 and \342\200\213invisible\n'
printf 'progress 10%%\rprogress 99%%\n'
head -c 1000000 /dev/zero | tr '\0' 'x'
printf '\nthe last line\n'
echo '{"hosts":{"localhost":{"changed":1,"failures":0,"unreachable":0}},"result":{"hint":"<b onmouseover=window.harmed=1>\u202Eevil"},"failures":[]}' >&"$STEWARD_EVENTS_FD"
