/** A port that answers nobody: its queue of connections is full, so that further SYNs
 *  are dropped. Prints the port and stays until standard input ends. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FILLERS = 8 };

int main(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    char byte;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || bind(server, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(server, 0) != 0 ||
        getsockname(server, (struct sockaddr *)&at, &size) != 0)
        return 1;
    for (int i = 0; i < FILLERS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (fd < 0 || (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && i > 4))
            return 1;
    }
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    while (read(0, &byte, 1) > 0)
        ;
    return 0;
}
