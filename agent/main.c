/** Stands in until the command table is there. */
int main(void)
{
    return 64;
}
