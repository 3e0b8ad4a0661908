#!/bin/bash
# The engine's headers are its guide: each function that one of them offers is named in a comment there.
cd "$(dirname "$0")/../.." || exit
perl -e '
	my $n = 0;
	my $failed = 0;
	for my $path (sort glob "include/mman/*.h") {
		open my $file, "<", $path or die "$path: $!";
		local $/;
		my $code = <$file>;
		my $comments = join " ", $code =~ m{/\*.*?\*/}sg;
		$code =~ s{/\*.*?\*/}{ }sg;
		my %functions;
		# a line that begins with a type and has a name before its first parenthesis
		while ($code =~ /^(?!typedef|return|struct \w+ \{)[a-z][\w \t*]*?[ *]([a-z_]\w*)\(/mg) {
			$functions{$1} = 1 unless $1 eq "__attribute__";
		}
		my @silent = grep { $comments !~ /\b\Q$_\E\b/ } sort keys %functions;
		# what is rare of an inline function is told with that one
		@silent = grep { !/_slow$/ } @silent;
		print @silent ? "not ok " : "ok ", ++$n, " - $path says what its functions do\n";
		print "# not a word of: @silent\n" if @silent;
		$failed += @silent;
	}
	print "1..$n\n";
	exit($failed != 0);'
