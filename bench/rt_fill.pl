# Fills a Request Tracker 5 with tickets, by its own API in one process: bench/beside-rt.sh runs it as RT's user.
# Arguments: a file with one ticket a line (address of who asks, subject and text, separated by tabs), and how many of
# them. No scrip runs, so nobody gets a mail. Says how long it took.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib', '/usr/local/share/request-tracker5/lib';
use RT;
use Time::HiRes 'time';

$| = 1;
RT::LoadConfig();
RT::Init();
require MIME::Entity;
require RT::Scrips;
{
  no warnings qw(once redefine);
  *RT::Scrips::Prepare = sub { $_[0]{prepared_scrips} = []; 1 };
  *RT::Scrips::Commit = sub { 1 };
}
my ($file, $most) = @ARGV;
my ($begun, $count) = (time, 0);
open my $in, '<:encoding(UTF-8)', $file or die "$file: $!";
while (my $line = <$in>) {
  last if $count >= $most;
  chomp $line;
  my ($from, $subject, $text) = split /\t/, $line, 3;
  my $ticket = RT::Ticket->new(RT->SystemUser);
  my ($id, undef, $why) = $ticket->Create(
    Queue => 'Grid', Subject => $subject, Requestor => $from,
    MIMEObj => MIME::Entity->build(Type => 'text/plain', Charset => 'UTF-8', Data => [Encode::encode('UTF-8', "$text\n")]),
  );
  $id or die "$why\n";
  $count++;
}
printf "%d tickets in %.0f s\n", $count, time - $begun;
